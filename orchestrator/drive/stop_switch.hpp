// Ends one trial politely: the guest is switched off and what it survived is kept. Flipped once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>

#include "runners/host/task.hpp"

namespace kverdict {

class StopSwitch {
 public:
  explicit StopSwitch(boost::asio::any_io_executor executor)
      : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

  void flip(std::string why) {
    why_ = std::move(why);
    flipped_ = true;
    timer_.cancel();
  }
  bool is_flipped() const { return flipped_; }
  const std::string& why() const { return why_; }

  Task<void> flipped() {
    while (!flipped_) {
      boost::system::error_code woken;
      auto token = boost::asio::redirect_error(boost::asio::use_awaitable, woken);
      co_await timer_.async_wait(token);
    }
  }

 private:
  boost::asio::steady_timer timer_;  // never expires
  bool flipped_ = false;
  std::string why_;
};

}  // namespace kverdict
