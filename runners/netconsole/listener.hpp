// Listens to what kernels send by netconsole. Two ways:
//   a port of its own for each machine   nobody else knows it: whatever comes is that machine's
//   one port for a whole lab             sorted by the sender's address; the rest is counted and dropped
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>

#include "runners/host/task.hpp"
#include "runners/host/udp_socket.hpp"
#include "runners/netconsole/assembly.hpp"

namespace kverdict {

class NetconsoleListener;

// One machine's lines, from the moment it was asked for. Lives no longer than its listener.
class NetconsoleStream {
 public:
  ~NetconsoleStream();
  NetconsoleStream(const NetconsoleStream&) = delete;
  NetconsoleStream& operator=(const NetconsoleStream&) = delete;

  // What has come since the last call, empty = nothing; also what the socket still holds. Never waits.
  std::string take();
  // Until there is something to take. Cancellable.
  Task<void> wait();
  NetconsoleCounts counts() const;

 private:
  friend class NetconsoleListener;
  NetconsoleStream(NetconsoleListener& listener, std::string sender);
  void receive(std::string_view datagram);

  NetconsoleListener& listener_;
  std::string sender_;
  NetAssembly assembly_;
  std::string lines_;
  std::uint64_t not_taken_ = 0;
  std::uint64_t overflowed_before_ = 0;
  std::uint64_t strangers_before_ = 0;
  boost::asio::steady_timer news_;
};

class NetconsoleListener {
 public:
  NetconsoleListener(boost::asio::any_io_executor executor, const UdpPlace& place);
  ~NetconsoleListener();
  NetconsoleListener(const NetconsoleListener&) = delete;
  NetconsoleListener& operator=(const NetconsoleListener&) = delete;

  std::uint16_t port() const { return socket_.port(); }
  // What this sender says from now on; older datagrams are dropped. Empty: whatever comes from anywhere. One
  // stream a sender.
  std::unique_ptr<NetconsoleStream> listen(std::string sender);
  // From senders nobody listens to.
  std::uint64_t strangers() const { return strangers_; }

 private:
  friend class NetconsoleStream;
  void pump();
  void wait_for_more();
  void sort(const std::string& sender, std::string_view bytes);

  boost::asio::any_io_executor executor_;
  UdpSocket socket_;
  std::map<std::string, NetconsoleStream*> streams_;  // by sender
  std::uint64_t strangers_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with a callback that may be queued
};

}  // namespace kverdict
