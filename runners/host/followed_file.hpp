// The bytes of a file or fifo that another process still writes, as they come. Files are watched by inotify;
// those that another host writes (network file systems report nothing) are looked at now and then instead,
// also whether another file took their place (log keepers start a new one at the beginning and at a size).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <string>

#include "runners/host/fd.hpp"
#include "runners/host/task.hpp"

namespace kverdict {

class FollowedFile {
 public:
  // The file exists. InfraError when it cannot be read or watched. `look_every` zero: written on this host.
  FollowedFile(boost::asio::any_io_executor executor, const std::filesystem::path& path,
               std::chrono::milliseconds look_every = std::chrono::milliseconds(0));

  // The next bytes, 64 KiB at most; waits for them. After writer_gone(): what is left, then empty = end.
  // Cancellable; one call at a time.
  Task<std::string> next();
  // What is there now, 64 KiB at most; never waits. After writer_gone(), empty = end.
  std::string take();
  // Until take() may give something, or the writer is gone. Cancellable; one call at a time.
  Task<void> wait();
  // Nothing will be written any more: a waiting next() wakes up.
  void writer_gone();

 private:
  std::string read_some();
  void drop_notices();
  bool turn_to_replacement();

  std::filesystem::path path_;
  Fd file_;
  bool is_fifo_;
  std::chrono::milliseconds look_every_;
  boost::asio::posix::stream_descriptor notices_;  // of inotify, or the fifo itself
  boost::asio::steady_timer look_again_;
  bool gone_ = false;
};

}  // namespace kverdict
