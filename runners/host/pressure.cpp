#include "runners/host/pressure.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "runners/host/files.hpp"

namespace kverdict {
namespace {

constexpr std::chrono::seconds k_look_every{1};
constexpr std::chrono::minutes k_lately{2};
constexpr std::size_t k_most_bytes = 1 << 20;
constexpr std::size_t k_steal = 7;  // column of /proc/stat
constexpr std::size_t k_guest = 8;  // from here on counted twice

std::string_view line_with(std::string_view text, std::string_view start) {
  while (!text.empty() && !text.starts_with(start))
    text.remove_prefix(
        std::min(text.size(), text.find('\n') == std::string_view::npos ? text.size() : text.find('\n') + 1));
  return text.substr(0, text.find('\n'));
}

template <class Number>
Number number_in(std::string_view text) {
  Number value{};
  const auto begin = text.find_first_of("0123456789");
  if (begin != std::string_view::npos) std::from_chars(text.data() + begin, text.data() + text.size(), value);
  return value;
}

void read_cpu(std::string_view line, HostTicks& ticks) {
  line.remove_prefix(std::min<std::size_t>(line.size(), 4));
  for (std::size_t column = 0; column < k_guest && !line.empty(); ++column) {
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
    const auto value = number_in<unsigned long long>(line.substr(0, line.find(' ')));
    ticks.all += value;
    if (column == k_steal) ticks.stolen = value;
    line.remove_prefix(std::min(line.size(), line.find(' ')));
  }
}

unsigned count_processors(std::string_view stat) {
  unsigned count = 0;
  for (auto at = stat.find("\ncpu"); at != std::string_view::npos; at = stat.find("\ncpu", at + 1)) ++count;
  return std::max(count, 1U);
}

}  // namespace

HostTicks parse_host_ticks(std::string_view stat, std::string_view pressure, std::string_view loadavg) {
  HostTicks ticks;
  read_cpu(line_with(stat, "cpu "), ticks);
  ticks.processors = count_processors(stat);
  const auto some = line_with(pressure, "some");
  const auto total = some.find("total=");
  if (total != std::string_view::npos) ticks.waited_us = number_in<unsigned long long>(some.substr(total));
  ticks.load = number_in<double>(loadavg);
  return ticks;
}

HostTicks read_host_ticks() {
  const auto text = [](const char* path) { return read_file_if_there(path, k_most_bytes).value_or(""); };
  return parse_host_ticks(text("/proc/stat"), text("/proc/pressure/cpu"), text("/proc/loadavg"));
}

void HostPressureMeter::look(TimePoint now) {
  if (!samples_.empty() && now - samples_.back().at < k_look_every) return;
  samples_.push_back({now, read_host_ticks()});
  while (samples_.size() > 2 && now - samples_[1].at >= k_lately) samples_.pop_front();
}

HostPressure HostPressureMeter::lately() const {
  HostPressure pressure;
  if (samples_.empty()) return pressure;
  const auto& first = samples_.front();
  const auto& last = samples_.back();
  const auto ticks = static_cast<double>(last.ticks.all - first.ticks.all);
  const auto micros = std::chrono::duration<double, std::micro>(last.at - first.at).count();
  if (ticks > 0) pressure.stolen = static_cast<double>(last.ticks.stolen - first.ticks.stolen) / ticks;
  if (micros > 0)
    pressure.waited = static_cast<double>(last.ticks.waited_us - first.ticks.waited_us) / micros;
  pressure.load = last.ticks.load / last.ticks.processors;
  return pressure;
}

}  // namespace kverdict
