#include "orchestrator/cli/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace kverdict {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array k_durations{
    Unit{"ms", 1},        Unit{"s", 1000},       Unit{"min", 60'000},
    Unit{"h", 3'600'000}, Unit{"d", 86'400'000}, Unit{"m", 60'000},  // read, never written
};
constexpr std::array k_sizes{
    Unit{"B", 1},
    Unit{"kB", 1000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"TB", 1'000'000'000'000},
    Unit{"KiB", 1ULL << 10},
    Unit{"MiB", 1ULL << 20},
    Unit{"GiB", 1ULL << 30},
    Unit{"TiB", 1ULL << 40},
};
// Far beyond anything sensible, and sums of parts still fit.
constexpr std::uint64_t k_largest = 1ULL << 60;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take(std::string_view& text, bool (*wanted)(char)) {
  const auto end = std::find_if_not(text.begin(), text.end(), wanted);
  const std::string_view head = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(head.size());
  return head;
}

// whole.fraction times factor, exactly or not at all. Six decimals keep the products within 64 bits.
std::optional<std::uint64_t> scaled(std::string_view whole, std::string_view fraction, std::uint64_t factor) {
  const auto value = parse_count(whole);
  if (!value || *value > k_largest / factor || fraction.size() > 6) return std::nullopt;
  const std::uint64_t decimals = parse_count(fraction).value_or(0) * factor;
  std::uint64_t divisor = 1;
  for (std::size_t i = 0; i < fraction.size(); ++i) divisor *= 10;
  if (decimals % divisor != 0) return std::nullopt;
  return *value * factor + decimals / divisor;
}

// One "12.5unit" off the front of text.
template <std::size_t N>
std::optional<std::uint64_t> take_part(std::string_view& text, const std::array<Unit, N>& units) {
  const std::string_view whole = take(text, is_digit);
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take(text, is_digit);
    if (fraction.empty()) return std::nullopt;
  }
  take(text, [](char c) { return c == ' '; });
  const std::string_view name = take(text, [](char c) { return !is_digit(c) && c != ' ' && c != '.'; });
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  if (whole.empty() || unit == units.end()) return std::nullopt;
  return scaled(whole, fraction, unit->factor);
}

template <std::size_t N>
std::string shortest(std::uint64_t value, const std::array<Unit, N>& units) {
  if (value == 0) return "0";
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && unit.factor > best->factor) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Millis> parse_duration(std::string_view text) {
  if (text == "0") return Millis{0};
  std::uint64_t sum = 0;
  do {
    const auto part = take_part(text, k_durations);
    if (!part || *part > k_largest - sum) return std::nullopt;
    sum += *part;
    take(text, [](char c) { return c == ' '; });
  } while (!text.empty());
  return Millis{static_cast<Millis::rep>(sum)};
}

std::optional<Bytes> parse_size(std::string_view text) {
  if (text == "0") return Bytes{0};
  const auto size = take_part(text, k_sizes);
  if (!size || !text.empty()) return std::nullopt;
  return Bytes{*size};
}

std::string to_text(Millis duration) {
  return shortest(static_cast<std::uint64_t>(std::max<Millis::rep>(duration.count(), 0)), k_durations);
}

// The unit that needs the fewest digits: 20 GB is no whole number of MiB, but is one of KiB.
std::string to_text(Bytes size) {
  return shortest(count_of(size), k_sizes);
}

}  // namespace kverdict
