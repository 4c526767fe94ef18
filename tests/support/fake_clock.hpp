// Time for tests: stands still while anything is ready, and jumps to the next timer when nothing is, so that
// a night runs in milliseconds.
//   FakeClock clock;
//   auto value = clock.run(coroutine(clock));
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <map>
#include <optional>
#include <type_traits>

#include "runners/host/clock.hpp"
#include "runners/host/race.hpp"

namespace kverdict {

class FakeClock : public Clock {
 public:
  // Real things (children, files, worker threads) get this long to report before time jumps. Zero: pure
  // simulation.
  explicit FakeClock(Millis patience = Millis(0)) : patience_(patience) {}

  TimePoint now() const override { return now_; }
  // 2026-01-01 00:00:00 UTC plus what has passed.
  std::chrono::system_clock::time_point wall() const override;
  Task<void> until(TimePoint when) override;

  boost::asio::io_context& context() { return context_; }
  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  // Runs the task to its end and gives its result or exception. Throws std::logic_error when the task waits
  // for something that will never happen. What else runs on the context is left as it is then.
  template <class T>
  T run(Task<T> task) {
    std::optional<race_detail::Value<T>> value;
    std::exception_ptr error;
    bool done = false;
    auto keep = [&](std::exception_ptr thrown, std::optional<race_detail::Value<T>> result) {
      error = thrown;
      value = std::move(result);
      done = true;
    };
    boost::asio::co_spawn(context_, race_detail::boxed<T>(std::move(task)), keep);
    pump(done);
    if (error) std::rethrow_exception(error);
    if constexpr (!std::is_void_v<T>) return std::move(*value);
  }

 private:
  struct Waiter {
    boost::asio::steady_timer timer;
    bool fired = false;
  };

  void pump(const bool& done);
  bool jump();
  bool wait_for_real_things(Millis how_long);

  Millis patience_;
  TimePoint now_{std::chrono::hours(1)};
  std::multimap<TimePoint, Waiter*> waiters_;  // outlives the coroutines that the context destroys
  boost::asio::io_context context_;
};

}  // namespace kverdict
