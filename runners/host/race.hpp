// race(a, b): runs both, the first to end wins, the other is cancelled and waited for.
// The winner's exception is thrown; the loser's is dropped. (asio's || holds exceptions back until the
// other side ends, so a dead lab would wait for a time-out.) If both end in the same turn, the first to
// have ended wins. Cancelling race() cancels both.
#pragma once

#include <variant>

#include "runners/host/task.hpp"

namespace kverdict {

// Task<void> sides are std::monostate in the variant.
template <class A, class B>
Task<std::variant<A, B>> race(Task<A> a, Task<B> b);

}  // namespace kverdict
