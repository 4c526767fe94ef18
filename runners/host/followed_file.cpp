#include "runners/host/followed_file.hpp"

#include <fcntl.h>
#include <sys/inotify.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>

#include "runners/host/files.hpp"

namespace kverdict {

namespace asio = boost::asio;

namespace {

constexpr std::size_t k_chunk = 64 * 1024;

int watch(const std::filesystem::path& path) {
  Fd notices(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!notices) throw_file_error("watch", path, errno);
  if (::inotify_add_watch(notices.get(), path.c_str(), IN_MODIFY) < 0) throw_file_error("watch", path, errno);
  return notices.release();
}

}  // namespace

FollowedFile::FollowedFile(asio::any_io_executor executor, const std::filesystem::path& path)
    : path_(path), file_(open_file(path, O_RDONLY)), notices_(std::move(executor), watch(path)) {}

std::string FollowedFile::read_some() {
  std::string bytes(k_chunk, '\0');
  ssize_t got = 0;
  do {
    got = ::read(file_.get(), bytes.data(), bytes.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) throw_file_error("read", path_, errno);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

void FollowedFile::drop_notices() {
  char buffer[4096];
  while (::read(notices_.native_handle(), buffer, sizeof buffer) > 0) {
  }
}

// Notices are dropped before the read: what is written after the read makes a new one.
Task<std::string> FollowedFile::next() {
  for (;;) {
    bool last = gone_;
    drop_notices();
    std::string bytes = read_some();
    if (!bytes.empty() || last) co_return bytes;
    if (gone_) continue;
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await notices_.async_wait(asio::posix::stream_descriptor::wait_read, token);
    if (error && !gone_) throw boost::system::system_error(error, "follow " + path_.string());
  }
}

void FollowedFile::writer_gone() {
  gone_ = true;
  notices_.cancel();
}

}  // namespace kverdict
