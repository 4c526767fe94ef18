#include "orchestrator/images/package_provider.hpp"

#include <unistd.h>

#include <algorithm>

#include "orchestrator/images/digest.hpp"
#include "orchestrator/images/distribution_config.hpp"
#include "orchestrator/images/kernel_file.hpp"
#include "orchestrator/images/modules.hpp"
#include "orchestrator/images/package_unpack.hpp"
#include "orchestrator/images/unpack.hpp"
#include "orchestrator/images/vmlinux.hpp"
#include "orchestrator/sources/package/apt_archive.hpp"
#include "orchestrator/sources/package/package_file.hpp"
#include "runners/error.hpp"
#include "runners/host/child.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_recipe = "package image 1";  // changes when the same package gives another image
constexpr const char* k_unpacking = "unpacking-";
constexpr std::uint64_t k_largest_download = std::uint64_t{4} << 30;
constexpr std::size_t k_largest_config = 4 << 20;
constexpr std::size_t k_largest_changelog = 64 << 20;

bool is_local(const PackageFile& file) {
  return file.where.starts_with('/');
}

// The name a download is kept under: no two packages share it, and people can read it.
std::string download_name(const PackageFile& file) {
  const auto digest = file.sha256.empty() ? digest_of(file.where) : file.sha256;
  const auto name = digest.substr(0, 16) + "-" + file.name.substr(0, 100);
  return name + (file.where.ends_with(".rpm") ? ".rpm" : ".deb");
}

// A local file may be replaced between two sessions; its checksum, when none is given, is of what is there.
std::string identity(const PackageFile& file) {
  if (!file.sha256.empty()) return file.sha256;
  return is_local(file) ? digest_of_file(file.where) : std::string();
}

// Empty when a file must be fetched before it can be known.
std::string key_of(const Package& package) {
  Digest digest;
  digest.field(k_recipe);
  for (const auto& file : package.files) {
    const auto one = identity(file);
    if (one.empty()) return {};
    digest.field(one);
  }
  return std::move(digest).hex();
}

void require_checksum(const PackageFile& file, const fs::path& path) {
  if (file.sha256.empty() || digest_of_file(path) == file.sha256) return;
  const auto text = path.string() + ": does not have the checksum of " + file.name + " " + file.version +
                    " (sha256 " + file.sha256.substr(0, 16) + "...)";
  if (is_local(file)) throw UsageError(text + "; the file changed or is damaged");
  throw InfraError(text + ": what came from " + file.where + " is not what the archive's index says");
}

// A file's name and a list may say anything: the package itself counts.
void require_same(const PackageFile& file, const fs::path& path) {
  const auto facts = read_package_file(path);
  const auto& told = facts.file;
  const bool epoch_left_out = told.version.ends_with(":" + file.version);
  if (told.name == file.name && (told.version == file.version || epoch_left_out)) return;
  throw UsageError(file.where + ": is " + told.name + " " + told.version + ", not " + file.name + " " +
                   file.version + " as its name says");
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string config_text(const StoredImage& stored) {
  return stored.config.empty() ? "" : read_file_if_there(stored.config, k_largest_config).value_or("");
}

void require_modules(const UnpackedKernel& kernel, const Package& package) {
  if (!kernel.modules.empty() || kernel.config.empty()) return;
  const auto config = read_file(kernel.config, k_largest_config);
  if (!is_enabled(config, "CONFIG_MODULES")) return;
  throw UsageError(package.files.front().name + " " + package.version + ": no modules for " + kernel.release +
                   " in it; add the package that holds them (" +
                   (package.kind == PackageKind::deb ? "linux-modules-" + kernel.release
                                                     : "kernel-modules-core, kernel-modules") +
                   ")");
}

// "unpacking-123-...": removes those of processes that are no more.
void sweep_scratch(const fs::path& directory) {
  std::vector<fs::path> dead;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(k_unpacking)) continue;
    const auto pid = name.substr(std::string_view(k_unpacking).size());
    if (!fs::exists("/proc/" + pid.substr(0, pid.find('-')), error)) dead.push_back(entry.path());
  }
  for (const auto& path : dead) fs::remove_all(path, error);
}

// A directory of ours that goes away with us.
class Scratch {
 public:
  explicit Scratch(fs::path path) : path_(std::move(path)) {
    remove();
    make_dirs(path_);
  }
  ~Scratch() { remove(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  void remove() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path path_;
};

// The kernel in the quickest form that boots: vmlinux when it can be entered directly, else as packaged.
KernelImage image_of(const UnpackedKernel& kernel, const fs::path& directory) {
  KernelImage image;
  image.kernel = kernel.kernel;
  image.release = kernel.release;
  image.modules = kernel.modules;
  const auto bzimage = read_bounded_file(kernel.kernel, std::uint64_t{512} << 20);
  if (const auto vmlinux = vmlinux_of(bzimage, kernel.kernel.string())) {
    image.kernel = directory / "vmlinux";
    write_file(image.kernel, *vmlinux);
    image.format = KernelFormat::pvh_elf;
    image.build_id = elf_build_id(*vmlinux, kernel.kernel.string());
  }
  return image;
}

}  // namespace

PackageProvider::PackageProvider(Clock& clock, BlockingPool& pool, const PackageSource& source,
                                 PackageOptions options)
    : clock_(clock),
      pool_(pool),
      source_(source),
      options_(std::move(options)),
      cache_(options_.images, options_.image_limit) {
  make_dirs(options_.downloads);
  sweep_scratch(options_.downloads);
}

Task<fs::path> PackageProvider::fetch(PackageFile file) {
  const auto path = options_.downloads / download_name(file);
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    fs::last_write_time(path, fs::file_time_type::clock::now(), error);  // used now
    co_return path;
  }
  const auto part = fs::path(path.string() + ".part");
  Command command;
  command.argv = fetch_command(file, part, k_largest_download);
  command.limit = options_.fetch_limit;
  auto running = run_child(clock_, std::move(command));
  const auto end = co_await std::move(running);
  if (!end.ok()) {
    const auto tail = end.output.substr(end.output.size() - std::min<std::size_t>(end.output.size(), 300));
    throw InfraError("cannot fetch " + file.where + ": " +
                     (end.how == ChildEnd::How::timed_out ? "it takes too long" : tail));
  }
  if (!file.sha256.empty() && digest_of_file(part) != file.sha256) {
    fs::remove(part, error);
    throw InfraError(file.where + ": what came has not the checksum that the archive's index says");
  }
  fs::rename(part, path, error);
  if (error) throw InfraError("cannot rename " + part.string() + ": " + error.message());
  co_return path;
}

Task<std::vector<fs::path>> PackageProvider::gather(Package package) {
  std::vector<fs::path> paths;
  for (const auto& file : package.files) {
    if (is_local(file)) {
      paths.emplace_back(file.where);
      continue;
    }
    auto fetching = fetch(file);
    paths.push_back(co_await std::move(fetching));
  }
  trim_downloads(paths);
  co_return paths;
}

void PackageProvider::trim_downloads(const std::vector<fs::path>& used) {
  struct Aged {
    fs::file_time_type when;
    fs::path path;
    std::uint64_t size;
  };
  std::vector<Aged> all;
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(options_.downloads, error)) {
    if (!entry.is_regular_file(error)) continue;
    all.push_back({entry.last_write_time(error), entry.path(), entry.file_size(error)});
    total += all.back().size;
  }
  std::sort(all.begin(), all.end(), [](const Aged& a, const Aged& b) { return a.when < b.when; });
  for (const auto& aged : all) {
    if (total <= options_.download_limit) return;
    if (std::find(used.begin(), used.end(), aged.path) != used.end()) continue;
    if (fs::remove(aged.path, error)) total -= aged.size;
  }
}

StoredImage PackageProvider::unpack(const std::string& key, const Package& package,
                                    const std::vector<fs::path>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    require_checksum(package.files[i], files[i]);
    require_same(package.files[i], files[i]);
  }
  const Scratch scratch(options_.downloads /
                        (k_unpacking + std::to_string(::getpid()) + "-" + key.substr(0, 16)));
  const auto kernel = unpack_packages(package.kind, files, scratch.path());
  require_modules(kernel, package);
  StoredImage made;
  made.image = image_of(kernel, scratch.path());
  // Equal packages are equal kernels; a kernel's own bytes do not tell of its modules.
  made.code_digest = key;
  made.config = kernel.config;
  made.system_map = kernel.system_map;
  made.changelog = kernel.changelog;
  return cache_.add(key, made, Taking::links);
}

std::optional<StoredImage> PackageProvider::look_up(const Package& package) {
  const auto key = key_of(package);
  return key.empty() ? std::nullopt : cache_.find(key);
}

Task<ImageResult> PackageProvider::image_for(CandidateId id) {
  const auto started = clock_.now();
  const auto& package = source_.package(id);
  auto look = [this, &package] { return look_up(package); };
  auto looking = blocking(pool_, std::move(look));
  auto found = co_await std::move(looking);
  BuiltImage built;
  built.from_cache = found.has_value();
  if (!found) {
    auto gathering = gather(package);
    const auto files = co_await std::move(gathering);
    auto work = [this, &package, &files] {
      auto known = package;
      for (std::size_t i = 0; i < files.size(); ++i)
        if (known.files[i].sha256.empty()) known.files[i].sha256 = digest_of_file(files[i]);
      const auto key = key_of(known);
      auto there = cache_.find(key);
      return there ? *there : unpack(key, known, files);
    };
    auto unpacking = blocking(pool_, std::move(work));
    found = co_await std::move(unpacking);
  }
  const auto took = std::chrono::duration_cast<Millis>(clock_.now() - started);
  const auto config = config_text(*found);
  const auto findings = config.empty() ? ConfigFindings{} : examine_config(config);
  if (!findings.needed.empty()) {
    BuildFailure failure;
    failure.detail = package.files.front().name + " " + package.version + " is built without " +
                     joined(findings.needed) + "; a guest cannot be started or heard with it";
    failure.took = took;
    co_return ImageResult(std::move(failure));
  }
  built.image = found->image;
  built.code_digest = found->code_digest;
  built.warnings = found->warnings;
  if (!findings.detectors.empty())
    built.warnings.push_back("these kernels are built without " + joined(findings.detectors) +
                             ": what only they detect stays unseen");
  if (!built.image.modules.empty() && !options_.modules.empty()) {
    const auto lacking = guest_modules(built.image.modules, built.image.release, options_.modules).missing;
    if (!lacking.empty())
      built.warnings.push_back("kernel " + built.image.release + " has no module " + joined(lacking));
  }
  built.took = took;
  co_return ImageResult(std::move(built));
}

std::string PackageProvider::config(const CandidateId& id) {
  const auto found = look_up(source_.package(id));
  return found ? config_text(*found) : std::string();
}

std::string PackageProvider::changelog(const CandidateId& id) {
  const auto found = look_up(source_.package(id));
  if (!found || found->changelog.empty()) return {};
  return kverdict::unpack(read_file(found->changelog, k_largest_changelog), k_largest_changelog,
                          found->changelog.string());
}

}  // namespace kverdict
