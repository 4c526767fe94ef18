// Kernel modules for the guest: which files, in which order. Modules are read on the host (compressed ones
// are unpacked), dependencies come from what modpost wrote into each module.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/workload.hpp"

namespace kverdict {

// What a module says of itself in its .modinfo section.
struct ModuleFacts {
  std::string name;  // with underscores
  std::string vermagic;
  std::vector<std::string> depends;  // must be loaded before
  std::vector<std::string> before;   // soft dependencies "pre:", loaded before when they exist
  bool operator==(const ModuleFacts&) const = default;
};

// `bytes` is an uncompressed .ko. Throws UsageError naming `name` when it is none.
ModuleFacts read_module(std::string_view bytes, const std::string& name);

// .ko, .ko.gz, .ko.xz, .ko.zst -> the bytes of the .ko; bounded. Throws UsageError naming the file.
std::string load_module_file(const std::filesystem::path& file);

struct GuestModules {
  std::vector<GuestFile> files;      // uncompressed, to go into the initramfs
  std::vector<std::string> order;    // their paths inside, in load order: GuestJob::modules
  std::vector<std::string> missing;  // wanted, but neither a module of this kernel nor built in
};

// `root` holds lib/modules/<release>, as KernelImage::modules. `wanted` are module names ("virtio-net" and
// "virtio_net" are the same). Throws UsageError when there are no modules for this release, when a
// dependency is missing or goes round in a circle.
GuestModules guest_modules(const std::filesystem::path& root, const std::string& release,
                           const std::vector<std::string>& wanted);

}  // namespace kverdict
