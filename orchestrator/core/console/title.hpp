// The convention of titles. Pure.
#pragma once

#include <string>
#include <string_view>

namespace kverdict {

inline constexpr std::size_t k_longest_title = 120;

// Addresses become ADDR, free numbers NUM, "f+0x1/0x2" f, devices DEV, "CPU#3" CPU; printable ASCII, single
// blanks.
std::string normal_title(std::string_view text);
// A function as titles name it: compiler suffixes off.
std::string_view plain_function(std::string_view name);

}  // namespace kverdict
