#include "orchestrator/sources/package/package.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "runners/error.hpp"

namespace kverdict {
namespace {

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// Parts of a release that still belong to its number: "0", "50", "rc5", "0.deb11.6", "trunk".
bool is_number_part(std::string_view part) {
  if (part.empty()) return false;
  if (is_digit(part.front())) return true;
  if (part.starts_with("rc") && part.size() > 2 && is_digit(part[2])) return true;
  return part == "trunk";
}

// A kernel's release begins with "6." and more.
bool is_release(std::string_view text) {
  const auto dot = text.find('.');
  return dot != std::string_view::npos && dot > 0 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(dot), is_digit) &&
         dot + 1 < text.size() && is_digit(text[dot + 1]);
}

bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool drop_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

bool has_end(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return text.ends_with(end); });
}

PackageRole role_by_prefix(std::string_view& rest) {
  for (const auto* prefix : {"linux-modules-extra-", "linux-modules-"})
    if (drop_prefix(rest, prefix)) return PackageRole::modules;
  for (const auto* prefix : {"linux-image-", "proxmox-kernel-", "pve-kernel-"})
    if (drop_prefix(rest, prefix)) return PackageRole::kernel;
  return PackageRole::other;
}

KernelName deb_name(std::string_view name) {
  KernelName found;
  auto rest = name;
  found.role = role_by_prefix(rest);
  if (found.role == PackageRole::other || has_end(rest, {"-dbg", "-dbgsym", "-di", "-template"})) return {};
  // Debian marks the unsigned twin at the end, Ubuntu at the beginning; Proxmox marks the signed one.
  found.unsigned_twin = drop_suffix(rest, "-unsigned") || drop_prefix(rest, "unsigned-");
  drop_suffix(rest, "-signed");
  if (!is_release(rest)) return {};
  found.release = rest;
  found.flavour = flavour_of_release(rest);
  return found;
}

// "5:6.1-2.el9" -> "6.1-2.el9"
std::string_view without_epoch(std::string_view version) {
  const auto colon = version.find(':');
  return colon == std::string_view::npos ? version : version.substr(colon + 1);
}

KernelName rpm_name(const PackageFile& file) {
  std::string_view rest = file.name;
  if (rest != "kernel" && !rest.starts_with("kernel-")) return {};
  if (has_end(rest, {"-devel",       "-headers",        "-doc",         "-docs",     "-tools",
                     "-tools-libs",  "-debuginfo",      "-debugsource", "-source",   "-syms",
                     "-macros",      "-firmware",       "-matched",     "-srpm",     "-rpm-macros",
                     "-stablelists", "-abi-whitelists", "-selftests",   "-uki-virt", "-cross-headers"}) ||
      rest.find("-debuginfo-") != std::string_view::npos)
    return {};
  KernelName found;
  found.role = PackageRole::kernel;
  for (const auto* suffix :
       {"-modules-core", "-modules-extra", "-modules-internal", "-modules-partner", "-modules"})
    if (drop_suffix(rest, suffix)) {
      found.role = PackageRole::modules;
      break;
    }
  drop_suffix(rest, "-core");
  found.flavour = rest;
  found.release = std::string(without_epoch(file.version)) + "." + file.architecture;
  return found;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    plain += coded ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
    if (coded) i += 2;
  }
  return plain;
}

std::string last_part(const std::string& where) {
  const bool url = where.find("://") != std::string::npos;
  std::string_view path = where;
  if (url) path = path.substr(0, path.find_first_of("?#"));
  path = path.substr(path.rfind('/') + 1);
  return url ? percent_decoded(path) : std::string(path);
}

[[noreturn]] void not_named(const std::string& where, const char* shape) {
  throw UsageError(where + ": the file name is not " + shape + "; rename it, or give the file itself");
}

PackageFile split_deb(std::string_view name, const std::string& where) {
  const auto first = name.find('_');
  const auto last = name.rfind('_');
  if (first == std::string_view::npos || first == last || first == 0 || last + 1 == name.size())
    not_named(where, "NAME_VERSION_ARCH.deb");
  PackageFile file;
  file.name = name.substr(0, first);
  file.version = name.substr(first + 1, last - first - 1);
  file.architecture = name.substr(last + 1);
  return file;
}

PackageFile split_rpm(std::string_view name, const std::string& where) {
  const auto dot = name.rfind('.');
  const auto release = dot == std::string_view::npos ? dot : name.rfind('-', dot);
  const auto version = release == std::string_view::npos || release == 0 ? std::string_view::npos
                                                                         : name.rfind('-', release - 1);
  if (version == std::string_view::npos || version == 0) not_named(where, "NAME-VERSION-RELEASE.ARCH.rpm");
  PackageFile file;
  file.name = name.substr(0, version);
  file.version = name.substr(version + 1, dot - version - 1);
  file.architecture = name.substr(dot + 1);
  return file;
}

}  // namespace

std::string flavour_of_release(std::string_view release) {
  auto dash = release.find('-');
  while (dash != std::string_view::npos) {
    const auto next = release.find('-', dash + 1);
    const auto part = release.substr(dash + 1, next == std::string_view::npos ? next : next - dash - 1);
    if (!is_number_part(part)) return std::string(release.substr(dash + 1));
    dash = next;
  }
  return {};
}

KernelName kernel_name(PackageKind kind, const PackageFile& file) {
  return kind == PackageKind::deb ? deb_name(file.name) : rpm_name(file);
}

bool looks_like_package(std::string_view name) {
  return name.ends_with(".deb") || name.ends_with(".rpm");
}

NamedFile read_file_name(const std::string& where) {
  const auto whole = last_part(where);
  std::string_view name = whole;
  NamedFile named;
  if (drop_suffix(name, ".deb")) {
    named.file = split_deb(name, where);
  } else if (drop_suffix(name, ".rpm")) {
    named.kind = PackageKind::rpm;
    named.file = split_rpm(name, where);
  } else {
    throw UsageError(where + ": neither a .deb nor an .rpm");
  }
  named.file.where = where;
  return named;
}

bool fits_machine(PackageKind kind, std::string_view architecture) {
  return architecture == (kind == PackageKind::deb ? "amd64" : "x86_64");
}

}  // namespace kverdict
