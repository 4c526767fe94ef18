// A flag that coroutines can wait for. Lives and is raised on our thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "runners/host/task.hpp"

namespace kverdict {

class Signal {
 public:
  explicit Signal(boost::asio::any_io_executor executor)
      : timer_(std::move(executor), boost::asio::steady_timer::time_point::max()) {}
  void raise() {
    raised_ = true;
    timer_.cancel();
  }
  // Ready to be raised again.
  void lower() { raised_ = false; }
  bool raised() const { return raised_; }
  Task<void> wait() {
    boost::system::error_code error;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
    while (!raised_) {
      co_await timer_.async_wait(token);
      if (error && !raised_) throw boost::system::system_error(error);
    }
  }

 private:
  bool raised_ = false;
  boost::asio::steady_timer timer_;
};

}  // namespace kverdict
