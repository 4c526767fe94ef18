#include "runners/host/steady_clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kverdict {

TimePoint SteadyClock::now() const {
  return std::chrono::steady_clock::now();
}

std::chrono::system_clock::time_point SteadyClock::wall() const {
  return std::chrono::system_clock::now();
}

Task<void> SteadyClock::until(TimePoint when) {
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, when);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace kverdict
