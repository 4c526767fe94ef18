#include "orchestrator/cli/time_of_day.hpp"

#include <cctype>
#include <ctime>

namespace kverdict {
namespace {

bool is_digits(const std::string& text) {
  for (const char c : text)
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return false;
  return !text.empty() && text.size() <= 2;
}

std::chrono::system_clock::time_point at(std::tm day, int hour, int minute) {
  day.tm_hour = hour;
  day.tm_min = minute;
  day.tm_sec = 0;
  day.tm_isdst = -1;  // the clock may have been changed since
  return std::chrono::system_clock::from_time_t(std::mktime(&day));
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> next_time_of_day(
    const std::string& text, std::chrono::system_clock::time_point now) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || !is_digits(text.substr(0, colon)) || !is_digits(text.substr(colon + 1)))
    return std::nullopt;
  const int hour = std::stoi(text.substr(0, colon)), minute = std::stoi(text.substr(colon + 1));
  if (hour > 23 || minute > 59) return std::nullopt;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm day{};
  localtime_r(&seconds, &day);
  if (const auto today = at(day, hour, minute); today > now) return today;
  ++day.tm_mday;
  return at(day, hour, minute);
}

}  // namespace kverdict
