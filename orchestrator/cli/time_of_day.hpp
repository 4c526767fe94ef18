// A time of day as people write it: "08:00".
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace kverdict {

// When it is that late next, in local time: today or tomorrow. None for a text that is no time of day.
std::optional<std::chrono::system_clock::time_point> next_time_of_day(
    const std::string& text, std::chrono::system_clock::time_point now);

}  // namespace kverdict
