// Time as the driver sees it. Watch and search get time points as arguments; only a Clock makes them.
#pragma once

#include <chrono>

#include "runners/host/task.hpp"

namespace kverdict {

using Millis = std::chrono::milliseconds;
// Monotonic time since an arbitrary origin.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual std::chrono::system_clock::time_point wall() const = 0;
  virtual Task<void> until(TimePoint when) = 0;  // cancellable
};

}  // namespace kverdict
