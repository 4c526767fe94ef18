#include "runners/host/file_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "runners/host/files.hpp"

namespace kverdict {

namespace {

constexpr std::size_t k_holder_limit = 1024;

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

LockHolder read_holder(int fd) {
  char buffer[k_holder_limit] = {};
  ssize_t got = ::pread(fd, buffer, sizeof buffer - 1, 0);
  std::istringstream words(std::string(buffer, got > 0 ? static_cast<std::size_t>(got) : 0));
  LockHolder holder;
  if (words >> holder.pid >> holder.host)
    holder.text = "process " + std::to_string(holder.pid) + " on host " + holder.host;
  else
    holder.text = "another process";
  return holder;
}

// The whole file, for the open file description and not for the process.
struct flock whole_file(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

}  // namespace

std::variant<LockHolder, FileLock> FileLock::acquire(const std::filesystem::path& path) {
  Fd fd = open_file(path, O_RDWR | O_CREAT);
  auto range = whole_file(F_WRLCK);
  if (::fcntl(fd.get(), F_OFD_SETLK, &range) != 0) {
    if (errno != EAGAIN && errno != EACCES) throw_file_error("lock", path, errno);
    return read_holder(fd.get());
  }
  if (::ftruncate(fd.get(), 0) != 0) throw_file_error("write", path, errno);
  write_all(fd.get(), std::to_string(::getpid()) + " " + host_name() + "\n", path);
  return FileLock(std::move(fd));
}

std::optional<LockHolder> FileLock::holder(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  auto range = whole_file(F_WRLCK);
  if (::fcntl(fd.get(), F_OFD_GETLK, &range) != 0) throw_file_error("look at the lock", path, errno);
  if (range.l_type == F_UNLCK) return std::nullopt;
  return read_holder(fd.get());
}

void FileLock::release() const {
  auto range = whole_file(F_UNLCK);
  ::fcntl(fd_.get(), F_OFD_SETLK, &range);
}

}  // namespace kverdict
