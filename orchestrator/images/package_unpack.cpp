#include "orchestrator/images/package_unpack.hpp"

#include <fcntl.h>

#include <optional>
#include <set>

#include "orchestrator/images/kernel_file.hpp"
#include "orchestrator/sources/package/payload.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t k_largest_kernel = 512 << 20;

// Where a file of a package goes; none = it is not needed.
struct Place {
  enum class What { module, kernel, config, system_map, changelog };
  What what = What::module;
  std::string release;  // by the path; empty for the changelog
  std::string below;    // module: path below lib/modules/<release>
};

bool drop(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<Place> place_in_boot(std::string_view name) {
  if (name.find('/') != std::string_view::npos) return std::nullopt;
  if (drop(name, "vmlinuz-")) return Place{Place::What::kernel, std::string(name), {}};
  if (drop(name, "config-")) return Place{Place::What::config, std::string(name), {}};
  if (drop(name, "System.map-")) return Place{Place::What::system_map, std::string(name), {}};
  return std::nullopt;
}

bool is_module_file(std::string_view name) {
  return name == "modules.builtin" || name == "modules.order" || name.find(".ko") != std::string_view::npos;
}

std::optional<Place> place_in_modules(std::string_view path) {
  const auto slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const std::string release(path.substr(0, slash));
  const auto below = path.substr(slash + 1);
  if (below == "vmlinuz") return Place{Place::What::kernel, release, {}};
  if (below == "config") return Place{Place::What::config, release, {}};
  if (below == "System.map") return Place{Place::What::system_map, release, {}};
  const auto name = below.substr(below.rfind('/') + 1);
  // What is built beside the kernel, or to debug it, is none of ours.
  if (!is_module_file(name) || below.starts_with("build/") || below.starts_with("source/"))
    return std::nullopt;
  return Place{Place::What::module, release, std::string(below)};
}

std::optional<Place> place_of(std::string_view path) {
  if (drop(path, "boot/")) return place_in_boot(path);
  if (path.starts_with("usr/share/doc/") &&
      (path.ends_with("/changelog.gz") || path.ends_with("/changelog.Debian.gz")))
    return Place{Place::What::changelog, {}, {}};
  drop(path, "usr/");
  if (drop(path, "lib/modules/")) return place_in_modules(path);
  return std::nullopt;
}

class Unpacking {
 public:
  explicit Unpacking(const fs::path& directory) : directory_(directory) {}

  void take(PayloadFile& file, const fs::path& package) {
    const auto place = place_of(file.path());
    if (!place) return;
    switch (place->what) {
      case Place::What::kernel:
        if (file.size() > k_largest_kernel)
          throw UsageError(package.string() + ": its kernel has " + std::to_string(file.size()) +
                           " bytes; no kernel is so large");
        kernels_.insert(place->release);
        return write(file, directory_ / "vmlinuz");
      case Place::What::config:
        return write(file, directory_ / "config");
      case Place::What::system_map:
        return write(file, directory_ / "System.map");
      case Place::What::changelog:
        return write(file, directory_ / "changelog.gz");
      case Place::What::module:
        return write(file, directory_ / "modules/lib/modules" / place->release / place->below);
    }
  }

  UnpackedKernel finish(const std::vector<fs::path>& packages) const {
    if (kernels_.empty())
      throw UsageError(packages.front().string() +
                       ": holds no kernel (neither boot/vmlinuz-RELEASE nor lib/modules/RELEASE/vmlinuz)");
    if (kernels_.size() > 1)
      throw UsageError(packages.front().string() + ": holds two kernels, " + *kernels_.begin() + " and " +
                       *kernels_.rbegin());
    UnpackedKernel found;
    found.kernel = directory_ / "vmlinuz";
    found.release = read_kernel_file(found.kernel).release;
    if (found.release.empty()) found.release = *kernels_.begin();
    found.modules =
        there(directory_ / "modules/lib/modules" / found.release).empty() ? "" : directory_ / "modules";
    found.config = there(directory_ / "config");
    found.system_map = there(directory_ / "System.map");
    found.changelog = there(directory_ / "changelog.gz");
    return found;
  }

 private:
  static fs::path there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error) ? path : fs::path();
  }

  // A file that is in the package twice is written once.
  void write(PayloadFile& file, const fs::path& to) {
    if (const auto parent = to.parent_path(); made_.insert(parent).second) make_dirs(parent);
    if (!written_.insert(to).second) return;
    const auto fd = open_file(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    file.read([&](std::string_view bytes) { write_all(fd.get(), bytes, to); });
  }

  fs::path directory_;
  std::set<std::string> kernels_;  // releases
  std::set<fs::path> made_, written_;
};

}  // namespace

UnpackedKernel unpack_packages(PackageKind kind, const std::vector<fs::path>& packages,
                               const fs::path& directory) {
  Unpacking unpacking(directory);
  for (const auto& package : packages)
    walk_payload(kind, package, {}, [&](PayloadFile& file) { unpacking.take(file, package); });
  return unpacking.finish(packages);
}

}  // namespace kverdict
