// Packaged kernels as plain values, and what their names say. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kverdict {

enum class PackageKind { deb, rpm };

// One file of a distribution, on this host or still in its archive.
struct PackageFile {
  std::string name;
  std::string version;       // deb: [epoch:]upstream[-revision]; rpm: [epoch:]version-release
  std::string architecture;  // as the distribution writes it: amd64, x86_64
  std::string where;         // absolute path, or URL
  std::string sha256;        // lower-case hex, from a signed index or the user's list; empty = nobody says
  std::uint64_t size = 0;    // bytes; 0 = nobody says
  bool operator==(const PackageFile&) const = default;
};

// One kernel: what a candidate is. Some distributions spread it over several files.
struct Package {
  PackageKind kind = PackageKind::deb;
  std::string version;              // the candidate's id
  std::string release;              // what `uname -r` will say, by the name; the kernel's own word counts
  std::string flavour;              // "cloud-amd64", "kernel-rt"
  std::vector<PackageFile> files;   // the one with the kernel first, then those with modules
  std::vector<std::string> suites;  // of the archives that offer it: "bookworm-security"
  bool operator==(const Package&) const = default;
};

enum class PackageRole {
  other,    // headers, debug information, tools, metapackages that their name gives away
  kernel,   // holds the kernel
  modules,  // holds modules of a kernel that lies in another file
};

// What the name of a package says of a kernel in it.
struct KernelName {
  PackageRole role = PackageRole::other;
  std::string release;
  std::string flavour;
  bool unsigned_twin = false;  // the same kernel is also packaged with a signature
  bool operator==(const KernelName&) const = default;
};

KernelName kernel_name(PackageKind kind, const PackageFile& file);

// "6.1.0-50-cloud-amd64" -> "cloud-amd64"; "6.12.117+deb12-amd64" -> "amd64"; empty = none.
std::string flavour_of_release(std::string_view release);

// Facts that a file's name gives: NAME_VERSION_ARCH.deb, NAME-VERSION-RELEASE.ARCH.rpm, the last part of a
// path or URL (percent signs decoded). Throws UsageError naming it when it is none of both.
struct NamedFile {
  PackageKind kind = PackageKind::deb;
  PackageFile file;
};
NamedFile read_file_name(const std::string& where);
// By its end: .deb or .rpm.
bool looks_like_package(std::string_view name);

// Is it for the machines that we boot (x86-64)?
bool fits_machine(PackageKind kind, std::string_view architecture);

}  // namespace kverdict
