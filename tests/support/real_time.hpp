// Runs a task on a real clock: for tests of real machines. Bounded by the test's own time-out.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "runners/host/race.hpp"
#include "runners/host/steady_clock.hpp"

namespace kverdict {

class RealTime {
 public:
  Clock& clock() { return clock_; }
  boost::asio::io_context& context() { return context_; }

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
    context_.restart();
    while (!done) context_.run_one();
    if (error) std::rethrow_exception(error);
    if constexpr (!std::is_void_v<T>) return std::move(*value);
  }

 private:
  SteadyClock clock_;
  boost::asio::io_context context_;
};

}  // namespace kverdict
