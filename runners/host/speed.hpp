// How fast the machine we run on is: measured, never assumed.
#pragma once

namespace kverdict {

struct HostSpeed {
  unsigned tsc_khz = 0;   // rate of rdtsc, which emulated guests read through; 0 = no usable TSC
  double slowness = 1.0;  // time for a fixed piece of work, 1 = a 2020s server core, 2 = half as fast
};

// Takes about 30 ms.
HostSpeed measure_host_speed();

}  // namespace kverdict
