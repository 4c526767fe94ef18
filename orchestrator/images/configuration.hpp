// Which configuration is asked for, and when it must be made again. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/images/kconfig.hpp"

namespace kverdict {

// Suffix of `uname -r` of every kernel we build. The same for all, so that equal sources give equal kernels;
// the build id tells them apart.
inline constexpr const char* k_local_version = "-kverdict";

// Laid over what the user asks for, so that a kernel depends on nothing but sources and configuration.
KernelConfig fixed_options();

// Can a change of this file (path from the top of the tree) change the .config that the same base and
// fragments give? True in doubt: every Kconfig, the top and the architecture's Makefiles, what Kconfig
// runs (scripts), ready-made configurations.
bool touches_configuration(std::string_view path);

// Paths named by a patch (from "--- a/..." and "+++ b/..." lines), without their first part.
std::vector<std::string> paths_of_patch(std::string_view patch);
// The patch that takes this one back: applies where this one is in already.
std::string reversed_patch(std::string_view patch);

}  // namespace kverdict
