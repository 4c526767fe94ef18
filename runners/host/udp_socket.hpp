// A bound UDP socket that is only listened to.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace kverdict {

struct UdpPlace {
  std::string address = "127.0.0.1";  // of one of our interfaces; 0.0.0.0 = all, IPv6 too
  std::uint16_t port = 0;             // 0 = a free one
  int receive_buffer = 16 << 20;      // bytes; the system may give less
};

class UdpSocket {
 public:
  // UsageError when the address is none of ours or the port is taken.
  UdpSocket(boost::asio::any_io_executor executor, const UdpPlace& place);

  std::uint16_t port() const { return port_; }
  // Calls take(sender's address, bytes) for what has come, `most` datagrams at most; never waits. Returns how
  // many.
  using Take = std::function<void(const std::string& sender, std::string_view bytes)>;
  unsigned receive(unsigned most, const Take& take);
  // Datagrams the system dropped because the buffer was full, as it told with the last one received.
  std::uint64_t overflowed() const { return overflowed_; }
  // Calls once, when there is something to receive; not when cancelled.
  void when_readable(std::function<void()> call);
  void cancel() { socket_.cancel(); }

 private:
  boost::asio::posix::stream_descriptor socket_;
  std::uint16_t port_ = 0;
  std::uint64_t overflowed_ = 0;
  std::string buffer_;
};

}  // namespace kverdict
