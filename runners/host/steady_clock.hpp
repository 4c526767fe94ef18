// The real clock.
#pragma once

#include "runners/host/clock.hpp"

namespace kverdict {

class SteadyClock : public Clock {
 public:
  TimePoint now() const override;
  std::chrono::system_clock::time_point wall() const override;
  Task<void> until(TimePoint when) override;
};

}  // namespace kverdict
