// What is remembered of a host between sessions, in a directory of its own: who has it, whether a session of
// ours switched it on, why it is out of use. Plain files, so that people can look.
//
//   lock       the kernel's lock of the process that uses it
//   powered    exists while a session has it switched on; what remains of a dead session is swept by it
//   drained    why it failed too often: no session takes it
//   reserved   a person keeps it
//   failures   failed boots in a row
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "runners/host/file_lock.hpp"

namespace kverdict {

// The host is ours as long as this lives.
using HostLease = std::shared_ptr<FileLock>;  // shared: by the boot and its coroutines that end after it

class HostRecord {
 public:
  explicit HostRecord(std::filesystem::path directory);  // is made

  // The lease, or why there is none: drained, reserved, used by whom.
  std::variant<std::string, HostLease> take() const;
  // The same, whatever people and earlier failures say: for sweeping and for people.
  std::variant<std::string, HostLease> take_anyway() const;
  // Why no session would take it now, apart from its being in use; none when it may.
  std::optional<std::string> out_of_use() const;

  void drain(const std::string& reason) const;
  void reserve(const std::string& reason) const;
  void release() const;  // neither drained nor reserved, no failures

  // Counts; drained at `limit` in a row. True when this one drained it.
  bool failed(const std::string& reason, unsigned limit) const;
  void succeeded() const;
  unsigned failures() const;

  void mark_powered(const std::string& by) const;
  void mark_off() const;
  std::optional<std::string> powered_by() const;

  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

}  // namespace kverdict
