// blocking(pool, f): runs f() on a worker thread and resumes on ours. The one door to libraries that block
// (libvirt, libgit2, fsync). f must bound itself: a cancellation that comes meanwhile is seen at the
// caller's next co_await. Exceptions of f are thrown to the caller. The pool is joined before the
// io_context goes away.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <type_traits>
#include <utility>

#include "runners/host/task.hpp"

namespace kverdict {

using BlockingPool = boost::asio::thread_pool;

template <class F>
Task<std::invoke_result_t<F>> blocking(BlockingPool& pool, F f) {
  namespace asio = boost::asio;
  std::packaged_task<std::invoke_result_t<F>()> work(std::move(f));
  auto result = work.get_future();
  auto start = [&pool, &work](auto handler) {
    auto home = asio::get_associated_executor(handler);
    auto on_worker = [&work, home, resume = std::move(handler)]() mutable {
      work();
      asio::post(home, std::move(resume));
    };
    asio::post(pool, std::move(on_worker));
  };
  auto done = asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable);
  co_await std::move(done);
  co_return result.get();
}

}  // namespace kverdict
