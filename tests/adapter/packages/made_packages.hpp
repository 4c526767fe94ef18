// Packages made by hand, good and bad: as a distribution would make them, or as an enemy would.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace kverdict::test {

// Path in the package -> bytes. Paths are taken as they are, ".." too.
using PackagedFiles = std::vector<std::pair<std::string, std::string>>;

struct DebSpec {
  std::string name = "linux-image-6.1.0-1-amd64";
  std::string version = "6.1.1-1";
  std::string architecture = "amd64";
  PackagedFiles files;
  std::string compression = "xz";  // xz, zst, gz
};

// Writes NAME.deb into the directory.
std::filesystem::path make_deb(const std::filesystem::path& directory, const DebSpec& spec);

// A kernel that no machine would boot, with the headers that say it is one. `payload` is its compressed part.
std::string bzimage(const std::string& release, const std::string& payload);
// An ELF kernel with PVH entry note and this release in its banner.
std::string vmlinux(const std::string& release);

// What a kernel's package holds: kernel, modules, configuration.
PackagedFiles kernel_files(const std::string& release, const std::string& kernel, const std::string& config);

// A configuration with which our guest runs.
std::string good_config();

}  // namespace kverdict::test
