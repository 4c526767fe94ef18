#include "runners/host/speed.hpp"

#include <x86intrin.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <limits>

namespace kverdict {

namespace {

using Nanos = std::int64_t;

Nanos read_clock(clockid_t which) {
  timespec time{};
  ::clock_gettime(which, &time);
  return Nanos{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

struct Sample {
  Nanos nanos = 0;
  std::uint64_t ticks = 0;
};

// The clock read that was squeezed between the two closest TSC reads: one that nothing interrupted.
Sample sample() {
  Sample best;
  std::uint64_t closest = std::numeric_limits<std::uint64_t>::max();
  for (int attempt = 0; attempt < 16; ++attempt) {
    std::uint64_t before = __rdtsc();
    Nanos now = read_clock(CLOCK_MONOTONIC_RAW);
    std::uint64_t gap = __rdtsc() - before;
    if (gap >= closest) continue;
    closest = gap;
    best = {now, before + gap / 2};
  }
  return best;
}

unsigned measure_tsc_khz() {
  constexpr Nanos k_window = 20'000'000;
  Sample first = sample();
  timespec pause{0, k_window};
  ::nanosleep(&pause, nullptr);
  Sample last = sample();
  if (last.nanos <= first.nanos || last.ticks <= first.ticks) return 0;
  double khz =
      static_cast<double>(last.ticks - first.ticks) * 1e6 / static_cast<double>(last.nanos - first.nanos);
  return static_cast<unsigned>(khz + 0.5);
}

// Dependent arithmetic with unpredictable branches: the shape of an emulator's work, in miniature.
std::uint64_t fixed_work() {
  std::uint64_t state = 88172645463325252ULL;
  std::uint64_t sum = 0;
  for (int i = 0; i < 200'000; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    if (state & 1) sum += state / (state % 61 + 3);
  }
  return sum;
}

double measure_slowness() {
  constexpr double k_reference_nanos = 2'000'000;  // of fixed_work() on a 2.6 GHz EPYC
  Nanos best = std::numeric_limits<Nanos>::max();
  for (int attempt = 0; attempt < 3; ++attempt) {
    Nanos start = read_clock(CLOCK_THREAD_CPUTIME_ID);
    volatile std::uint64_t sink = fixed_work();
    (void)sink;
    best = std::min(best, read_clock(CLOCK_THREAD_CPUTIME_ID) - start);
  }
  return static_cast<double>(best) / k_reference_nanos;
}

}  // namespace

HostSpeed measure_host_speed() {
  return {measure_tsc_khz(), measure_slowness()};
}

}  // namespace kverdict
