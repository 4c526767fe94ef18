// bounded_call(...): runs f() on a thread of its own and resumes on ours, at the latest at the deadline. A
// thread that does not come back is left alone: what it holds it frees itself.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/clock.hpp"
#include "runners/host/race.hpp"
#include "runners/libvirt/connection.hpp"

namespace kverdict {

// A flag that a coroutine can wait for. Lives and is raised on our thread.
class Signal {
 public:
  explicit Signal(boost::asio::any_io_executor executor)
      : timer_(std::move(executor), boost::asio::steady_timer::time_point::max()) {}
  void raise() {
    raised_ = true;
    timer_.cancel();
  }
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

template <class F>
auto bounded_call(Clock& clock, Millis limit, std::string what, std::shared_ptr<Outlet> outlet, F f)
    -> Task<decltype(f())> {
  // Shared: the coroutine may be gone when the thread comes back, and the thread when the coroutine does.
  struct Meeting {
    std::packaged_task<decltype(f())()> work;
    Signal* waiting = nullptr;  // touched on our thread only
  };
  auto executor = co_await boost::asio::this_coro::executor;
  auto meeting = std::make_shared<Meeting>();
  meeting->work = std::packaged_task<decltype(f())()>(std::move(f));
  auto result = meeting->work.get_future();
  Signal done(executor);
  struct Seat {
    Meeting& meeting;
    ~Seat() { meeting.waiting = nullptr; }
  } seat{*meeting};
  meeting->waiting = &done;

  std::thread([meeting, outlet]() mutable {
    meeting->work();
    auto wake = [meeting] {
      if (meeting->waiting) meeting->waiting->raise();
    };
    meeting.reset();
    outlet->post(std::move(wake));
  }).detach();

  Task<void> ready = done.wait();
  Task<void> deadline = clock.until(clock.now() + limit);
  co_await race(std::move(ready), std::move(deadline));
  if (!done.raised())
    throw InfraError(what + ": no answer within " + std::to_string(limit.count() / 1000) + " s");
  co_return result.get();
}

}  // namespace kverdict
