// What a package on this host says of itself.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/sources/package/package.hpp"

namespace kverdict {

struct PackageFacts {
  PackageKind kind = PackageKind::deb;
  PackageFile file;     // `where` is the path; no checksum
  std::string release;  // of the kernel, when the package tells it; else empty
};

// Told by the first bytes, not by the name. Throws UsageError naming the file: neither deb nor rpm,
// truncated, not readable.
PackageFacts read_package_file(const std::filesystem::path& path);

}  // namespace kverdict
