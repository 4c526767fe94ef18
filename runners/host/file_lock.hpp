// One writer: a lock file that names its holder. The lock is the kernel's (of the open file description), so
// it goes with its holder, whatever happens to the holder; the text in the file only says who that is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "runners/host/fd.hpp"

namespace kverdict {

struct LockHolder {
  int pid = 0;  // 0 = unknown
  std::string host;
  std::string text;  // for people: "process 4711 on host lab3"
};

class FileLock {
 public:
  // The lock, or who has it. InfraError when the file cannot be made.
  static std::variant<LockHolder, FileLock> acquire(const std::filesystem::path& path);
  // Who has it, without taking it for a moment; none when nobody has.
  static std::optional<LockHolder> holder(const std::filesystem::path& path);
  // A forked process that keeps this open keeps the lock.
  int descriptor() const { return fd_.get(); }
  // Free now, even if a forked process still has it open.
  void release() const;

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace kverdict
