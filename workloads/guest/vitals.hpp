// How the guest fares, one line a second: what is known of the last minute when it dies. See
// workloads/marker.hpp for the fields of "vital".
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace kvguest {

// The figures of /proc/stat that count up.
struct Ticks {
  std::array<unsigned long, 8> cpu{};       // user nice system idle iowait irq softirq steal
  std::array<unsigned long, 10> softirq{};  // hi timer net_tx net_rx block irq_poll tasklet sched hrtimer rcu
  unsigned long running = 0, blocked = 0;
};
Ticks read_ticks(std::string_view stat);

// "MemFree: 12 kB" -> 12; 0 when it is not there.
unsigned long field_of(std::string_view text, std::string_view name);

// Says one line each `period_ms`; does not return.
[[noreturn]] void tell_vitals(long period_ms);

}  // namespace kvguest
