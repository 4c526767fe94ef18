#include "orchestrator/images/image_cache.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "orchestrator/images/digest.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace nlohmann::literals;

constexpr std::size_t k_kept = 16;
constexpr int k_format = 1;
constexpr std::size_t k_max_record = 1 << 20;
constexpr const char* k_record = "image.json";
constexpr const char* k_unfinished = "unfinished-";
constexpr auto k_lock_patience = std::chrono::seconds(60);

// Held while entries are added or removed. Others hold it for as long as copying a kernel takes.
Fd lock_directory(const fs::path& directory) {
  const auto path = directory / "lock";
  auto fd = open_file(path, O_RDWR | O_CREAT, 0644);
  const auto deadline = std::chrono::steady_clock::now() + k_lock_patience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw_file_error("lock", path, errno);
    if (std::chrono::steady_clock::now() > deadline)
      throw InfraError("the image cache " + directory.string() +
                       " has been locked by another process for 60 s");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fd;
}

std::uint64_t size_of(const fs::path& directory) {
  std::uint64_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    if (at->is_regular_file(error)) total += at->file_size(error);
  return total;
}

bool is_key(const std::string& name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void write_record(const fs::path& directory, const StoredImage& stored) {
  const json record = {
      {"format", k_format},
      {"kernel", stored.image.kernel.filename().string()},
      {"kind", stored.image.format == KernelFormat::pvh_elf ? "vmlinux" : "bzImage"},
      {"digest", digest_of_file(directory / stored.image.kernel.filename())},
      {"release", stored.image.release},
      {"build_id", stored.image.build_id},
      {"modules", !stored.image.modules.empty()},
      {"code_digest", stored.code_digest},
      {"warnings", stored.warnings},
  };
  write_file(directory / k_record, record.dump(2) + "\n", Durability::synced);
}

std::string text(const json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> texts(const json& record, const char* key) {
  std::vector<std::string> all;
  const auto found = record.find(key);
  if (found == record.end() || !found->is_array()) return all;
  for (const auto& item : *found)
    if (item.is_string()) all.push_back(item.get<std::string>());
  return all;
}

// Reads the file only when it is not the one verified before.
bool has_digest(const fs::path& file, const std::string& digest, std::set<std::string>& verified) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return false;
  Digest identity;
  identity.field(digest);
  for (const std::uint64_t value :
       {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
        static_cast<std::uint64_t>(status.st_size), static_cast<std::uint64_t>(status.st_mtim.tv_sec),
        static_cast<std::uint64_t>(status.st_mtim.tv_nsec), static_cast<std::uint64_t>(status.st_ctim.tv_sec),
        static_cast<std::uint64_t>(status.st_ctim.tv_nsec)})
    identity.number(value);
  const auto name = std::move(identity).hex();
  if (verified.contains(name)) return true;
  if (digest_of_file(file) != digest) return false;
  verified.insert(name);
  return true;
}

// None when the entry is not whole: a file cut short by a crash, or a bad disk.
std::optional<StoredImage> read_entry(const fs::path& directory, std::set<std::string>& verified) {
  const auto bytes = read_file_if_there(directory / k_record, k_max_record);
  if (!bytes) return std::nullopt;
  const auto record = json::parse(*bytes, nullptr, false);
  if (!record.is_object() || record.value("/format"_json_pointer, json()) != k_format) return std::nullopt;
  StoredImage stored;
  std::error_code error;
  const auto name = fs::path(text(record, "kernel")).filename();
  stored.image.kernel = directory / name;
  stored.image.format = text(record, "kind") == "vmlinux" ? KernelFormat::pvh_elf : KernelFormat::bzimage;
  stored.image.release = text(record, "release");
  stored.image.build_id = text(record, "build_id");
  if (record.value("/modules"_json_pointer, json()) == true) stored.image.modules = directory / "modules";
  stored.code_digest = text(record, "code_digest");
  stored.warnings = texts(record, "warnings");
  stored.system_map = directory / "System.map";
  stored.config = directory / "config";
  if (const auto log = directory / "changelog.gz"; fs::exists(log, error)) stored.changelog = log;
  const bool whole = fs::is_regular_file(stored.image.kernel, error) &&
                     has_digest(stored.image.kernel, text(record, "digest"), verified) &&
                     (stored.image.modules.empty() || fs::is_directory(stored.image.modules, error));
  if (!whole) return std::nullopt;
  return stored;
}

void take_in(const fs::path& from, const fs::path& to, Taking taking) {
  std::error_code error;
  auto how = fs::copy_options::recursive | fs::copy_options::copy_symlinks;
  if (taking == Taking::links) how |= fs::copy_options::create_hard_links;
  fs::copy(from, to, how, error);
  if (error) throw InfraError("cannot copy " + from.string() + " into the image cache: " + error.message());
}

void remove_unfinished(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> dead;
  for (const auto& item : fs::directory_iterator(directory, error))
    if (item.path().filename().string().starts_with(k_unfinished)) dead.push_back(item.path());
  for (const auto& path : dead) fs::remove_all(path, error);
}

// Removes an entry unless another process uses it. The rename comes first: no reader sees half of it.
bool remove_entry(const fs::path& path) {
  Fd lock(::open((path / k_record).c_str(), O_RDONLY | O_CLOEXEC));
  if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return false;
  auto gone = path;
  gone.replace_filename(k_unfinished + path.filename().string());
  std::error_code error;
  fs::rename(path, gone, error);
  fs::remove_all(gone, error);
  return true;
}

}  // namespace

ImageCache::ImageCache(fs::path directory, std::uint64_t limit)
    : directory_(std::move(directory)), limit_(limit) {
  make_dirs(directory_);
}

std::optional<StoredImage> ImageCache::find(const std::string& key) {
  KV_CHECK(is_key(key));
  const auto path = entry(key);
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  keep(path);
  auto stored = read_entry(path, verified_);
  if (!stored) {
    std::erase_if(kept_, [&](const auto& kept) { return kept.first == path; });
    const auto lock = lock_directory(directory_);
    remove_entry(path);
    return std::nullopt;
  }
  ::utimensat(AT_FDCWD, (path / k_record).c_str(), nullptr, 0);  // used now; a failure only ages the entry
  return stored;
}

StoredImage ImageCache::add(const std::string& key, const StoredImage& made, Taking taking) {
  KV_CHECK(is_key(key));
  {
    const auto lock = lock_directory(directory_);
    remove_unfinished(directory_);
    const auto unfinished = directory_ / (k_unfinished + key);
    make_dirs(unfinished);
    take_in(made.image.kernel, unfinished / made.image.kernel.filename(), taking);
    if (!made.system_map.empty()) take_in(made.system_map, unfinished / "System.map", taking);
    if (!made.config.empty()) take_in(made.config, unfinished / "config", taking);
    if (!made.changelog.empty()) take_in(made.changelog, unfinished / "changelog.gz", taking);
    if (!made.image.modules.empty()) take_in(made.image.modules, unfinished / "modules", taking);
    write_record(unfinished, made);
    std::error_code error;
    fs::rename(unfinished, entry(key), error);  // fails when another process added it meanwhile
  }
  auto stored = find(key);
  if (!stored) throw InfraError("the image cache " + directory_.string() + " loses what is written to it");
  trim();
  return *stored;
}

void ImageCache::keep(const fs::path& path) {
  std::erase_if(kept_, [&](const auto& kept) { return kept.first == path; });
  Fd fd(::open((path / k_record).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0) return;  // being removed: read_entry will see it
  kept_.emplace_back(path, std::move(fd));
  if (kept_.size() > k_kept) kept_.pop_front();
}

void ImageCache::trim() {
  const auto lock = lock_directory(directory_);
  struct Aged {
    fs::file_time_type used;
    fs::path path;
    std::uint64_t size;
  };
  std::vector<Aged> entries;
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& item : fs::directory_iterator(directory_, error)) {
    if (!is_key(item.path().filename().string())) continue;
    entries.push_back(
        {fs::last_write_time(item.path() / k_record, error), item.path(), size_of(item.path())});
    total += entries.back().size;
  }
  std::ranges::sort(entries, {}, &Aged::used);
  for (const auto& aged : entries) {
    if (total <= limit_) return;
    if (remove_entry(aged.path)) total -= aged.size;
  }
}

}  // namespace kverdict
