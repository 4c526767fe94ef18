// Files of the machine we run on. Every function names the path and the system's words when it fails
// (InfraError); limits are in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "runners/host/fd.hpp"

namespace kverdict {

// Fails when the file is larger than the limit.
std::string read_file(const std::filesystem::path& path, std::size_t limit);
// None when there is no such file.
std::optional<std::string> read_file_if_there(const std::filesystem::path& path, std::size_t limit);
// The last `limit` bytes at most; fails when the file cannot be read.
std::string read_tail(const std::filesystem::path& path, std::size_t limit);

enum class Durability {
  plain,   // readers see the old content or the new, never a part
  synced,  // and a power cut does not take it back
};
// Replaces the file as one step; `mode` is that of the new file.
void write_file(const std::filesystem::path& path, std::string_view content,
                Durability durability = Durability::plain, unsigned mode = 0644);

// Makes the directory and its parents.
void make_dirs(const std::filesystem::path& path);
// Bytes an ordinary user can still write on the file system of `path` (or of its nearest existing parent).
std::uint64_t free_space(const std::filesystem::path& path);
// Makes a rename or a new file in this directory durable.
void sync_directory(const std::filesystem::path& path);

// A file that only grows: journals and logs.
class AppendFile {
 public:
  // Creates it when it is not there.
  static AppendFile open(const std::filesystem::path& path);

  // On the disk when it returns (Durability::synced), or with the kernel.
  void append(std::string_view bytes, Durability durability);
  // Cuts a torn end off.
  void truncate(std::uint64_t size);
  std::uint64_t size() const;

 private:
  AppendFile(Fd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  std::filesystem::path path_;
};

// Opens or throws InfraError; always close-on-exec.
Fd open_file(const std::filesystem::path& path, int flags, unsigned mode = 0644);
// Writes all or throws InfraError.
void write_all(int fd, std::string_view bytes, const std::filesystem::path& path);

// "cannot VERB PATH: <strerror(error)>" as an InfraError.
[[noreturn]] void throw_file_error(std::string_view verb, const std::filesystem::path& path, int error);

}  // namespace kverdict
