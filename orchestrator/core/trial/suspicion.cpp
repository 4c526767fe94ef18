#include "orchestrator/core/trial/suspicion.hpp"

#include <array>
#include <cstdio>

namespace kverdict {
namespace {

constexpr double k_much_stolen = 0.1;
constexpr double k_much_waited = 0.6;
constexpr double k_much_load = 2;  // processes a processor

bool is_stall(const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::hung) return true;
  return outcome.kind == Outcome::Kind::crashed && !outcome.oopses.empty() &&
         outcome.oopses.front().type == "HANG";
}

bool is_starved(const HostPressure& host) {
  return host.stolen >= k_much_stolen || (host.waited >= k_much_waited && host.load >= k_much_load);
}

}  // namespace

std::string to_text(const HostPressure& host) {
  std::array<char, 160> text{};
  std::snprintf(
      text.data(), text.size(),
      "load %.1f a processor, a process waited for one %.0f %% of the time, %.0f %% of the time stolen",
      host.load, 100 * host.waited, 100 * host.stolen);
  return text.data();
}

std::string suspicion(const Outcome& outcome, const HostPressure& host) {
  if (!is_stall(outcome) || !is_starved(host)) return "";
  return "a stall on a starved host: " + to_text(host);
}

}  // namespace kverdict
