// How hard the host itself is pressed: a guest on a starved host stalls, and it is not the kernel's fault.
#pragma once

#include <deque>
#include <string_view>

#include "runners/boot.hpp"
#include "runners/host/clock.hpp"

namespace kverdict {

// Counters since the host's boot.
struct HostTicks {
  unsigned long long all = 0, stolen = 0;  // processor time, of /proc/stat
  unsigned long long waited_us = 0;        // some task waited for a processor, of /proc/pressure/cpu
  double load = 0;                         // of the last minute
  unsigned processors = 1;
};
HostTicks parse_host_ticks(std::string_view stat, std::string_view pressure, std::string_view loadavg);
HostTicks read_host_ticks();

// Looks at the host now and then, and tells how it was lately.
class HostPressureMeter {
 public:
  // As often as one likes: at most one look a second.
  void look(TimePoint now);
  // Over the last two minutes.
  HostPressure lately() const;

 private:
  struct Sample {
    TimePoint at;
    HostTicks ticks;
  };
  std::deque<Sample> samples_;
};

}  // namespace kverdict
