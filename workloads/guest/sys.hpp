// Small things over Linux system calls, for the guest's static programs. Nothing throws here; a failure is
// errno, an empty string or false.
#pragma once

#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvguest {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  ~Fd() { reset(); }

  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

long uptime_ms();  // since boot, as the kernel counts

// A point in time to wait for, in uptime_ms.
class Deadline {
 public:
  explicit Deadline(long in_ms) : at_(uptime_ms() + in_ms) {}
  long left() const;  // never negative
  bool passed() const { return left() == 0; }

 private:
  long at_;
};

bool exists(const std::string& path);
// At most `limit` bytes; empty when it cannot be read.
std::string read_file(const std::string& path, std::size_t limit = 1 << 20);
// In one write. False: errno says why.
bool write_file(const std::string& path, std::string_view text);
std::string error_text(int error);
std::vector<std::string> list_folder(const std::string& path);
std::vector<std::string_view> split(std::string_view text, char at);

}  // namespace kvguest
