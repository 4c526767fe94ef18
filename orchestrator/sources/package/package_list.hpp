// The packaged kernels to choose from: read from files and archives, put together, in the distribution's
// order.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/sources/package/package.hpp"

namespace kverdict {

// One file as it was found, before files become kernels.
struct OfferedFile {
  PackageKind kind = PackageKind::deb;
  PackageFile file;
  std::string release;  // as the package tells it; empty = by its name
  std::vector<std::string> suites;
};

// .deb and .rpm files, directories of them, and text files that list paths or URLs (one a line, "#" begins a
// comment, "sha256:HEX" may follow; relative paths start at the list). Throws UsageError naming what is
// missing, unreadable, or not a package. Packages in directories that are no kernels are left out.
std::vector<OfferedFile> offered_by_files(const std::vector<std::filesystem::path>& files);
// "http://.../linux-image-6.1.0-50-cloud-amd64_6.1.176-1_amd64.deb"
OfferedFile offered_by_url(const std::string& url);

// Sorted, oldest first; twins made one (the signed one stays), modules put to their kernels. An empty
// `flavour` is any, but then all must be of one. Throws UsageError: nothing left, mixed kinds, flavours or
// machines, one version under two names.
std::vector<Package> assemble(const std::vector<OfferedFile>& offered, const std::string& flavour);

}  // namespace kverdict
