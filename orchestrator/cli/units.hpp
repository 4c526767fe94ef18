// Durations and sizes as people write them: "90s", "1h30min", "256MiB", "20GB". A bare number is refused
// wherever a unit belongs. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kverdict {

using Millis = std::chrono::milliseconds;
enum class Bytes : std::uint64_t {};

constexpr std::uint64_t count_of(Bytes bytes) {
  return static_cast<std::uint64_t>(bytes);
}
constexpr std::uint64_t mebibytes(Bytes bytes) {
  return count_of(bytes) >> 20;
}

// ms, s, min (or m), h, d; parts may follow each other ("1h30min"), a part may have decimals ("1.5s").
// "0" needs no unit. None when it is no duration, is finer than 1 ms, or does not fit.
std::optional<Millis> parse_duration(std::string_view text);
// B, kB, MB, GB, TB by thousands; KiB, MiB, GiB, TiB by 1024. "0" needs no unit.
std::optional<Bytes> parse_size(std::string_view text);
// A count of things: decimal digits only.
std::optional<std::uint64_t> parse_count(std::string_view text);

// Exact, and read back to the same value: 5400000 ms -> "90min".
std::string to_text(Millis duration);
std::string to_text(Bytes size);

}  // namespace kverdict
