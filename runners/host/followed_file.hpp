// The bytes of a file that another process still writes, as they come (inotify, no polling).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <string>

#include "runners/host/fd.hpp"
#include "runners/host/task.hpp"

namespace kverdict {

class FollowedFile {
 public:
  // The file exists. InfraError when it cannot be read or watched.
  FollowedFile(boost::asio::any_io_executor executor, const std::filesystem::path& path);

  // The next bytes, 64 KiB at most; waits for them. After writer_gone(): what is left, then empty = end.
  // Cancellable; one call at a time.
  Task<std::string> next();
  // Nothing will be written any more: a waiting next() wakes up.
  void writer_gone();

 private:
  std::string read_some();
  void drop_notices();

  std::filesystem::path path_;
  Fd file_;
  boost::asio::posix::stream_descriptor notices_;
  bool gone_ = false;
};

}  // namespace kverdict
