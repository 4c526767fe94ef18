// Takes out of packages what a boot needs, into a directory of ours. Nothing of a package is run, and nothing
// is written outside the directory: every path is built from the kernel's release, not taken from the
// package.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/sources/package/package.hpp"

namespace kverdict {

struct UnpackedKernel {
  std::filesystem::path kernel;      // as packaged: a bzImage
  std::string release;               // the kernel's own word
  std::filesystem::path modules;     // holds lib/modules/<release>; empty = the packages hold none
  std::filesystem::path config;      // empty = none
  std::filesystem::path system_map;  // empty = none
  std::filesystem::path changelog;   // compressed; empty = none
};

// `packages` are files on this host; `directory` exists and is empty. Throws UsageError naming the package:
// damaged, hostile, holds no kernel or two; InfraError when the directory cannot be written.
UnpackedKernel unpack_packages(PackageKind kind, const std::vector<std::filesystem::path>& packages,
                               const std::filesystem::path& directory);

}  // namespace kverdict
