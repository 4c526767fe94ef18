#include "runners/host/followed_file.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>

#include "runners/host/files.hpp"

namespace kverdict {

namespace asio = boost::asio;

namespace {

constexpr std::size_t k_chunk = 64 * 1024;
constexpr int k_fifo_size = 1 << 20;  // what a writer can say while we are busy elsewhere

bool names_fifo(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_fifo(path, ignored);
}

// A fifo is opened for writing as well: without a writer it would always be at its end.
Fd open_followed(const std::filesystem::path& path) {
  if (!names_fifo(path)) return open_file(path, O_RDONLY);
  Fd fifo = open_file(path, O_RDWR | O_NONBLOCK);
  ::fcntl(fifo.get(), F_SETPIPE_SZ, k_fifo_size);
  return fifo;
}

int watch(const std::filesystem::path& path, const Fd& file) {
  if (names_fifo(path)) return ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
  Fd notices(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!notices) throw_file_error("watch", path, errno);
  if (::inotify_add_watch(notices.get(), path.c_str(), IN_MODIFY) < 0) throw_file_error("watch", path, errno);
  return notices.release();
}

}  // namespace

FollowedFile::FollowedFile(asio::any_io_executor executor, const std::filesystem::path& path,
                           std::chrono::milliseconds look_every)
    : path_(path),
      file_(open_followed(path)),
      is_fifo_(names_fifo(path)),
      look_every_(look_every),
      notices_(executor, watch(path, file_)),
      look_again_(executor) {}

std::string FollowedFile::read_some() {
  std::string bytes(k_chunk, '\0');
  ssize_t got = 0;
  do {
    got = ::read(file_.get(), bytes.data(), bytes.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) got = 0;
  if (got < 0) throw_file_error("read", path_, errno);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

// The file was read to its end: does its name belong to another one by now?
bool FollowedFile::turn_to_replacement() {
  struct stat ours {
  }, named{};
  if (::fstat(file_.get(), &ours) != 0 || ::stat(path_.c_str(), &named) != 0) return false;
  if (ours.st_ino == named.st_ino && ours.st_dev == named.st_dev) return false;
  file_ = open_followed(path_);
  return true;
}

void FollowedFile::drop_notices() {
  if (is_fifo_) return;
  char buffer[4096];
  while (::read(notices_.native_handle(), buffer, sizeof buffer) > 0) {
  }
}

// Notices are dropped before the read: what is written after the read makes a new one.
std::string FollowedFile::take() {
  drop_notices();
  std::string bytes = read_some();
  if (bytes.empty() && look_every_.count() > 0 && turn_to_replacement()) bytes = read_some();
  return bytes;
}

Task<std::string> FollowedFile::next() {
  for (;;) {
    bool last = gone_;
    std::string bytes = take();
    if (!bytes.empty() || last) co_return bytes;
    auto waiting = wait();
    co_await std::move(waiting);
  }
}

Task<void> FollowedFile::wait() {
  if (gone_) co_return;
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  if (look_every_.count() > 0) {
    look_again_.expires_after(look_every_);
    co_await look_again_.async_wait(token);
  } else {
    co_await notices_.async_wait(asio::posix::stream_descriptor::wait_read, token);
  }
  if (error && !gone_) throw boost::system::system_error(error, "follow " + path_.string());
}

void FollowedFile::writer_gone() {
  gone_ = true;
  notices_.cancel();
  look_again_.cancel();
}

}  // namespace kverdict
