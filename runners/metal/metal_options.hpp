// How bare metal is used: the inventory, and what a session selects of it. Plain values.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runners/metal/host_spec.hpp"

namespace kverdict {

struct MetalOptions {
  std::vector<HostSpec> hosts;            // the whole inventory
  std::vector<std::string> features;      // a host must have all of them
  unsigned count = 0;                     // at most so many at once; 0 = all
  std::string listen = "0.0.0.0:8069";    // where hosts fetch their kernels; not opened when none does
  std::filesystem::path state_directory;  // of all sessions of this user: hosts/NAME
};

// The hosts a session may use, in the inventory's order.
std::vector<HostSpec> selected_hosts(const MetalOptions& options);

}  // namespace kverdict
