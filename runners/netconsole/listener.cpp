#include "runners/netconsole/listener.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_most_waiting = 16 << 20;  // bytes that nobody takes
constexpr unsigned k_at_once = 1000;              // datagrams before others get their turn
constexpr unsigned k_most_left = 100'000;         // a flood ends somewhere

}  // namespace

NetconsoleStream::NetconsoleStream(NetconsoleListener& listener, std::string sender)
    : listener_(listener),
      sender_(std::move(sender)),
      overflowed_before_(listener.socket_.overflowed()),
      strangers_before_(listener.strangers_),
      news_(listener.executor_, boost::asio::steady_timer::time_point::max()) {}

NetconsoleStream::~NetconsoleStream() {
  listener_.streams_.erase(sender_);
}

void NetconsoleStream::receive(std::string_view datagram) {
  if (lines_.size() > k_most_waiting) {
    ++not_taken_;
    return;
  }
  assembly_.take(datagram, lines_);
  if (!lines_.empty()) news_.cancel();
}

std::string NetconsoleStream::take() {
  listener_.pump();
  return std::exchange(lines_, {});
}

Task<void> NetconsoleStream::wait() {
  while (lines_.empty()) {
    boost::system::error_code error;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
    co_await news_.async_wait(token);
    if (error && lines_.empty()) throw boost::system::system_error(error, "netconsole");
  }
}

NetconsoleCounts NetconsoleStream::counts() const {
  auto counts = assembly_.counts();
  counts.overflowed = not_taken_ + listener_.socket_.overflowed() - overflowed_before_;
  counts.strangers = listener_.strangers_ - strangers_before_;
  return counts;
}

NetconsoleListener::NetconsoleListener(boost::asio::any_io_executor executor, const UdpPlace& place)
    : executor_(executor), socket_(executor, place) {
  wait_for_more();
}

NetconsoleListener::~NetconsoleListener() {
  KV_CHECK(streams_.empty());
}

std::unique_ptr<NetconsoleStream> NetconsoleListener::listen(std::string sender) {
  KV_CHECK(!streams_.contains(sender));
  socket_.receive(k_most_left, [this](const std::string& from, std::string_view bytes) {
    if (streams_.contains(from) || streams_.contains("")) return sort(from, bytes);
    ++strangers_;
  });
  std::unique_ptr<NetconsoleStream> stream(new NetconsoleStream(*this, sender));
  streams_[std::move(sender)] = stream.get();
  return stream;
}

void NetconsoleListener::pump() {
  socket_.receive(k_at_once,
                  [this](const std::string& sender, std::string_view bytes) { sort(sender, bytes); });
}

void NetconsoleListener::wait_for_more() {
  socket_.when_readable([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    pump();
    wait_for_more();
  });
}

void NetconsoleListener::sort(const std::string& sender, std::string_view bytes) {
  auto found = streams_.find(sender);
  if (found == streams_.end()) found = streams_.find("");
  if (found == streams_.end()) {
    ++strangers_;
    return;
  }
  found->second->receive(bytes);
}

}  // namespace kverdict
