#include "vitals.hpp"

#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "say.hpp"
#include "sys.hpp"

namespace kvguest {
namespace {

constexpr std::size_t k_user = 0, k_system = 2, k_idle = 3, k_softirq = 6, k_steal = 7;
constexpr std::size_t k_timer = 1, k_net_tx = 2, k_net_rx = 3, k_rcu = 9;

// The numbers behind a line's first word.
template <std::size_t N>
void read_numbers(std::string_view line, std::array<unsigned long, N>& to, std::size_t skip) {
  std::size_t at = 0;
  for (auto word : split(line, ' ')) {
    if (word.empty()) continue;
    if (at++ <= skip) continue;
    if (at - skip - 2 < N) to[at - skip - 2] = strtoul(std::string(word).c_str(), nullptr, 10);
  }
}

template <class... Numbers>
std::string list(unsigned long first, Numbers... more) {
  std::string text = std::to_string(first);
  ((text += ',' + std::to_string(more)), ...);
  return text;
}

std::string shares(const Ticks& now, const Ticks& before) {
  std::array<unsigned long, 8> part{};
  unsigned long all = 0;
  for (std::size_t i = 0; i < part.size(); ++i) all += part[i] = now.cpu[i] - before.cpu[i];
  const auto percent = [&](std::size_t i) { return all == 0 ? 0 : (100 * part[i] + all / 2) / all; };
  return list(percent(k_user), percent(k_system), percent(k_softirq), percent(k_steal), percent(k_idle));
}

Ticks say_vitals(const Ticks& before) {
  const auto now = read_ticks(read_file("/proc/stat", 64 << 10));
  const auto memory = read_file("/proc/meminfo", 8 << 10);
  const auto sockets = read_file("/proc/net/sockstat", 4 << 10);
  const auto since = [&](std::size_t i) { return now.softirq[i] - before.softirq[i]; };
  say("vital",
      {{"up", std::to_string(uptime_ms())},
       {"cpu", shares(now, before)},
       {"run", list(now.running, now.blocked)},
       {"mem", list(field_of(memory, "MemFree:"), field_of(memory, "Slab:"))},
       {"sock", list(field_of(sockets, "used"), field_of(sockets, "inuse"), field_of(sockets, "tw"))},
       {"sirq", list(since(k_timer), since(k_net_tx), since(k_net_rx), since(k_rcu))}});
  return now;
}

}  // namespace

Ticks read_ticks(std::string_view stat) {
  Ticks ticks;
  for (auto line : split(stat, '\n')) {
    if (line.starts_with("cpu ")) read_numbers(line, ticks.cpu, 0);
    if (line.starts_with("softirq ")) read_numbers(line, ticks.softirq, 1);  // the first is their sum
    if (line.starts_with("procs_running ")) ticks.running = field_of(line, "procs_running");
    if (line.starts_with("procs_blocked ")) ticks.blocked = field_of(line, "procs_blocked");
  }
  return ticks;
}

unsigned long field_of(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return 0;
  return strtoul(std::string(text.substr(at + name.size(), 32)).c_str(), nullptr, 10);
}

void tell_vitals(long period_ms) {
  setpriority(PRIO_PROCESS, 0, 0);
  Ticks before;
  for (;;) {
    before = say_vitals(before);
    poll(nullptr, 0, static_cast<int>(period_ms));
  }
}

}  // namespace kvguest
