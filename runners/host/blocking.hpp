// blocking(pool, f): runs f() on a worker thread and resumes on ours. The one door to libraries that block
// (libvirt, libgit2, fsync). Not cancellable: f must bound itself. Exceptions of f are thrown to the caller.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

#include "runners/host/task.hpp"

namespace kverdict {

using BlockingPool = boost::asio::thread_pool;

template <class F>
Task<std::invoke_result_t<F>> blocking_body(F f) {
  co_return f();
}

template <class F>
Task<std::invoke_result_t<F>> blocking(BlockingPool& pool, F f) {
  auto executor = pool.get_executor();
  auto body = blocking_body<F>(std::move(f));
  co_return co_await boost::asio::co_spawn(executor, std::move(body), boost::asio::use_awaitable);
}

}  // namespace kverdict
