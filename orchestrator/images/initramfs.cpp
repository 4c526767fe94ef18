#include "orchestrator/images/initramfs.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "orchestrator/images/cpio.hpp"
#include "orchestrator/images/digest.hpp"
#include "orchestrator/images/kernel_file.hpp"
#include "orchestrator/images/program_closure.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t k_max_file = std::uint64_t{1} << 32;
constexpr std::size_t k_kept_archives = 16;
constexpr const char* k_recipe = "initramfs 1";  // changes when the same input gives another archive

void add_skeleton(CpioArchive& archive) {
  for (const char* path : {"/dev", "/proc", "/sys", "/run", "/etc", "/kv"}) archive.directory(path);
  archive.directory("/tmp", 01777);
  archive.directory("/root", 0700);
  archive.character_device("/dev/console", 5, 1, 0600);
  archive.character_device("/dev/kmsg", 1, 11, 0644);
  archive.character_device("/dev/null", 1, 3, 0666);
  archive.character_device("/dev/zero", 1, 5, 0666);
  archive.character_device("/dev/full", 1, 7, 0666);
  archive.character_device("/dev/random", 1, 8, 0666);
  archive.character_device("/dev/urandom", 1, 9, 0666);
  archive.character_device("/dev/tty", 5, 0, 0666);
  archive.character_device("/dev/ttyS0", 4, 64, 0600);
  archive.symlink("/dev/fd", "/proc/self/fd");
}

// init goes with the files, so that one that is not static brings its libraries.
ProgramClosure closure_of(const InitramfsSpec& spec) {
  auto files = spec.files;
  GuestFile init;
  init.inside = "/init";
  init.outside = spec.init;
  init.mode = 0755;
  files.push_back(std::move(init));
  return with_dependencies(files);
}

std::string pack(const ProgramClosure& closure) {
  CpioArchive archive;
  add_skeleton(archive);
  for (const auto& file : closure.files) {
    auto content = file.outside.empty() ? file.content : read_bounded_file(file.outside, k_max_file);
    archive.file(file.inside, std::move(content), file.mode);
  }
  for (const auto& link : closure.links) archive.symlink(link.inside, link.target);
  return std::move(archive).finish();
}

void add_identity(Digest& digest, const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) throw UsageError(file.string() + ": " + std::strerror(errno));
  for (const auto value :
       {status.st_dev, status.st_ino, static_cast<ino_t>(status.st_size),
        static_cast<ino_t>(status.st_mtim.tv_sec), static_cast<ino_t>(status.st_mtim.tv_nsec),
        static_cast<ino_t>(status.st_ctim.tv_sec), static_cast<ino_t>(status.st_ctim.tv_nsec)})
    digest.number(value);
}

std::string key_of(const ProgramClosure& closure) {
  Digest digest;
  digest.field(k_recipe);
  for (const auto& file : closure.files) {
    digest.field(file.inside);
    digest.number(file.mode);
    digest.field(file.outside.string());
    digest.field(file.content);
    if (!file.outside.empty()) add_identity(digest, file.outside);
  }
  for (const auto& link : closure.links) {
    digest.field(link.inside);
    digest.field(link.target);
  }
  return std::move(digest).hex();
}

void remove_old(const fs::path& directory) {
  std::vector<std::pair<fs::file_time_type, fs::path>> archives;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (entry.path().filename().string().starts_with("base-"))
      archives.emplace_back(entry.last_write_time(error), entry.path());
  if (archives.size() <= k_kept_archives) return;
  std::sort(archives.begin(), archives.end());
  archives.resize(archives.size() - k_kept_archives);
  for (const auto& [when, path] : archives) fs::remove(path, error);
}

}  // namespace

std::string pack_base(const InitramfsSpec& spec) {
  return pack(closure_of(spec));
}

fs::path base_initramfs(const InitramfsSpec& spec, const fs::path& directory) {
  const auto closure = closure_of(spec);
  const auto path = directory / ("base-" + key_of(closure) + ".cpio");
  std::error_code error;
  if (fs::is_regular_file(path, error)) return path;
  make_dirs(directory);
  write_file(path, pack(closure));
  remove_old(directory);
  return path;
}

void write_initramfs(const fs::path& base, const GuestJob& job, const fs::path& out) {
  CpioArchive archive;
  archive.file(k_job_path, encode(job), 0644);
  const auto tail = std::move(archive).finish();
  std::error_code error;
  fs::copy_file(base, out, fs::copy_options::overwrite_existing, error);
  if (error)
    throw InfraError("cannot copy " + base.string() + " to " + out.string() + ": " + error.message());
  auto file = AppendFile::open(out);
  file.append(tail, Durability::plain);
}

}  // namespace kverdict
