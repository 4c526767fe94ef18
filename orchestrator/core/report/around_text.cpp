#include "orchestrator/core/report/around_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <vector>

#include "orchestrator/core/report/printable.hpp"
#include "orchestrator/core/trial/suspicion.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_widest = 12;

// "1,2,3" -> three columns; what is not there is a dash.
void add_columns(std::string& row, const Vital& vital, const char* field, std::size_t columns) {
  const auto found = vital.fields.find(field);
  std::string_view rest = found == vital.fields.end() ? std::string_view() : found->second;
  for (; columns > 0; --columns) {
    auto word = printable(std::string(rest.substr(0, std::min(rest.find(','), k_widest))));
    if (word.empty()) word = "-";
    row += std::string(word.size() < 9 ? 9 - word.size() : 1, ' ') + word;
    rest.remove_prefix(std::min(rest.size(), std::min(rest.find(','), rest.size()) + 1));
  }
}

std::string row_of(const Vital& vital) {
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%9.3f", static_cast<double>(vital.host_time.count()) / 1000.0);
  std::string row = time.data();
  add_columns(row, vital, "cpu", 5);
  add_columns(row, vital, "run", 2);
  add_columns(row, vital, "mem", 2);
  add_columns(row, vital, "sock", 3);
  add_columns(row, vital, "sirq", 4);
  return row + "\n";
}

}  // namespace

std::string around_text(const std::deque<Vital>& vitals, const HostPressure& host) {
  std::string text = "host: " + to_text(host) + "\n";
  if (vitals.empty()) return text + "guest: it told nothing of itself\n";
  text +=
      "  seconds    user%  system% softirq%  stolen%    idle% runnable  blocked  free kB  slab kB  sockets"
      "  tcp use time-wait    timer transmit  receive      rcu\n";
  for (const auto& vital : vitals) text += row_of(vital);
  return text;
}

}  // namespace kverdict
