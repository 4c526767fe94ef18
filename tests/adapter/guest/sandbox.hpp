// Runs kv-init as process 1 of its own user, process, mount and network namespaces: everything but the
// kernel is real. What it says comes back from a file that it takes for its console.
#pragma once

#include <string>
#include <vector>

#include "tests/support/temporary_directory.hpp"
#include "workloads/job.hpp"
#include "workloads/marker.hpp"

namespace kverdict {

class Sandbox {
 public:
  // Why there can be no sandbox here; empty = there can.
  static std::string missing();

  Sandbox();
  void put(const std::string& inside, const std::string& host_file);
  // The markers of a whole life, from hello to power-off.
  std::vector<Marker> run(const GuestJob& job) { return run_text(encode(job)); }
  std::vector<Marker> run_text(const std::string& job);

 private:
  TemporaryDirectory root_;
};

}  // namespace kverdict
