// The one coroutine type. Coroutines live in runners/ and orchestrator/drive/ (and images/, whose builds
// are child processes); everything runs on one io_context in one thread.
//
// g++ 12 double-frees temporaries of some statements that hold co_await: *co_await takes names, not
// builders* - no braces, no ?:, no lambda that captures by value in that statement. scripts/check lints it.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace kverdict {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace kverdict
