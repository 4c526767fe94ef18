#include "workloads/guest_programs.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include "runners/error.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

GuestPrograms programs_in(const fs::path& folder) {
  return {folder / "kv-init", folder / "kv-churn", folder / "kv-iperf"};
}

bool complete(const GuestPrograms& programs) {
  std::error_code ignored;
  return fs::is_regular_file(programs.init, ignored) && fs::is_regular_file(programs.churn, ignored) &&
         fs::is_regular_file(programs.iperf, ignored);
}

// Installed: PREFIX/bin/kverdict -> PREFIX/libexec/kverdict. Build tree: an executable somewhere below the
// folder that holds guest/.
std::vector<fs::path> places(const fs::path& self) {
  constexpr int k_levels = 5;
  std::vector<fs::path> out = {self.parent_path().parent_path() / "libexec" / "kverdict"};
  fs::path folder = self.parent_path();
  for (int level = 0; level < k_levels && folder.has_relative_path(); ++level) {
    out.push_back(folder / "guest");
    folder = folder.parent_path();
  }
  return out;
}

}  // namespace

GuestPrograms find_guest_programs(const fs::path& override, const fs::path& self) {
  auto candidates = override.empty() ? places(self) : std::vector<fs::path>{override};
  std::string tried;
  for (const auto& folder : candidates) {
    auto programs = programs_in(folder);
    if (complete(programs)) return programs;
    tried += (tried.empty() ? "" : ", ") + folder.string();
  }
  throw UsageError("guest programs kv-init, kv-churn and kv-iperf not found in " + tried +
                   ": build target guest_programs, install, or set KVERDICT_LIBEXEC to their folder");
}

GuestPrograms find_guest_programs() {
  const char* override = std::getenv("KVERDICT_LIBEXEC");
  std::error_code ignored;
  return find_guest_programs(override ? override : "", fs::read_symlink("/proc/self/exe", ignored));
}

}  // namespace kverdict
