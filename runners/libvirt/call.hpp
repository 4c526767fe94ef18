// bounded_call(...): runs f() on a thread of its own and resumes on ours, at the latest at the deadline. A
// thread that does not come back is left alone: what it holds it frees itself.
#pragma once

#include <boost/asio/this_coro.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/clock.hpp"
#include "runners/host/race.hpp"
#include "runners/host/signal.hpp"
#include "runners/libvirt/connection.hpp"

namespace kverdict {

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
