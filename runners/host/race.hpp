// race(a, b): runs both, the first to end wins, the other is cancelled and waited for.
// The winner's exception is thrown; the loser's is dropped. (asio's || holds exceptions back until the
// other side ends, so a dead lab would wait for a time-out.) If both end in the same turn, the first to
// have ended wins. Cancelling race() cancels both.
#pragma once

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "runners/host/task.hpp"

namespace kverdict {

namespace race_detail {

template <class T>
using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

// co_spawn wants default-constructible results: an optional always is.
template <class T>
Task<std::optional<Value<T>>> boxed(Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
    co_return std::monostate{};
  } else {
    co_return co_await std::move(task);
  }
}

}  // namespace race_detail

// Task<void> sides are std::monostate in the variant.
template <class A, class B>
Task<std::variant<race_detail::Value<A>, race_detail::Value<B>>> race(Task<A> a, Task<B> b) {
  namespace asio = boost::asio;
  using Result = std::variant<race_detail::Value<A>, race_detail::Value<B>>;
  auto executor = co_await asio::this_coro::executor;
  auto group = asio::experimental::make_parallel_group(
      asio::co_spawn(executor, race_detail::boxed<A>(std::move(a)), asio::deferred),
      asio::co_spawn(executor, race_detail::boxed<B>(std::move(b)), asio::deferred));
  auto finish = group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  auto [order, error_a, value_a, error_b, value_b] = co_await std::move(finish);
  if (order[0] == 0) {
    if (error_a) std::rethrow_exception(error_a);
    co_return Result(std::in_place_index<0>, std::move(*value_a));
  }
  if (error_b) std::rethrow_exception(error_b);
  co_return Result(std::in_place_index<1>, std::move(*value_b));
}

}  // namespace kverdict
