// The numbers and strings of a JSON text, by their path ("end.sum_sent.bits_per_second", "intervals.0.sum").
// Made for iperf3's reports: bounded in size, depth and count; a text that is no JSON gives none at all.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kvguest {

struct JsonLeaves {
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> strings;

  std::optional<double> number(const std::string& path) const;
};

// Leaves whose path does not start with one of the two prefixes are read over, not kept.
std::optional<JsonLeaves> read_json(std::string_view text, std::string_view prefix,
                                    std::string_view other_prefix);

}  // namespace kvguest
