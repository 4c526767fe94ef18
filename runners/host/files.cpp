#include "runners/host/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "runners/error.hpp"

namespace kverdict {

namespace fs = std::filesystem;

void throw_file_error(std::string_view verb, const fs::path& path, int error) {
  std::string words = std::generic_category().message(error);
  throw InfraError("cannot " + std::string(verb) + " " + path.string() + ": " + words);
}

Fd open_file(const fs::path& path, int flags, unsigned mode) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw_file_error("open", path, errno);
  return fd;
}

namespace {

std::string read_all(int fd, const fs::path& path, std::size_t limit) {
  std::string content;
  char buffer[1 << 16];
  for (;;) {
    ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_file_error("read", path, errno);
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > limit)
      throw InfraError("cannot read " + path.string() + ": larger than " + std::to_string(limit) + " bytes");
  }
}

void sync_fd(int fd, const fs::path& path) {
  if (::fdatasync(fd) != 0) throw_file_error("sync", path, errno);
}

std::uint64_t size_of(int fd, const fs::path& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw_file_error("stat", path, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

std::string read_file(const fs::path& path, std::size_t limit) {
  Fd fd = open_file(path, O_RDONLY);
  return read_all(fd.get(), path, limit);
}

std::optional<std::string> read_file_if_there(const fs::path& path, std::size_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!fd) throw_file_error("open", path, errno);
  return read_all(fd.get(), path, limit);
}

std::string read_tail(const fs::path& path, std::size_t limit) {
  Fd fd = open_file(path, O_RDONLY);
  std::uint64_t size = size_of(fd.get(), path);
  std::string tail(std::min<std::uint64_t>(size, limit), '\0');
  std::uint64_t start = size - tail.size();
  std::size_t have = 0;
  while (have < tail.size()) {
    ssize_t got = ::pread(fd.get(), tail.data() + have, tail.size() - have, static_cast<off_t>(start + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_file_error("read", path, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  tail.resize(have);
  return tail;
}

void write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw_file_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void write_file(const fs::path& path, std::string_view content, Durability durability, unsigned mode) {
  fs::path fresh = path;
  fresh += ".new" + std::to_string(::getpid());
  Fd fd = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC, mode);
  write_all(fd.get(), content, fresh);
  if (durability == Durability::synced) sync_fd(fd.get(), fresh);
  fd.reset();
  if (::rename(fresh.c_str(), path.c_str()) != 0) throw_file_error("replace", path, errno);
  if (durability == Durability::synced) sync_directory(path.parent_path());
}

void make_dirs(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw_file_error("make directory", path, error.value());
}

std::uint64_t free_space(const fs::path& path) {
  fs::path there = fs::absolute(path);
  std::error_code ignored;
  while (!fs::exists(there, ignored) && there.has_relative_path()) there = there.parent_path();
  struct statvfs numbers {};
  if (::statvfs(there.c_str(), &numbers) != 0) throw_file_error("ask for the free space of", there, errno);
  return static_cast<std::uint64_t>(numbers.f_bavail) * numbers.f_frsize;
}

void sync_directory(const fs::path& path) {
  fs::path directory = path.empty() ? fs::path(".") : path;
  Fd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (::fsync(fd.get()) != 0) throw_file_error("sync", directory, errno);
}

AppendFile AppendFile::open(const fs::path& path) {
  Fd fd = open_file(path, O_RDWR | O_CREAT | O_APPEND);
  return AppendFile(std::move(fd), path);
}

void AppendFile::append(std::string_view bytes, Durability durability) {
  write_all(fd_.get(), bytes, path_);
  if (durability == Durability::synced) sync_fd(fd_.get(), path_);
}

void AppendFile::truncate(std::uint64_t size) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) throw_file_error("cut", path_, errno);
}

std::uint64_t AppendFile::size() const {
  return size_of(fd_.get(), path_);
}

}  // namespace kverdict
