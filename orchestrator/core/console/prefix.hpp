// The grammar of what transports put in front of a kernel message. Pure.
#pragma once

#include "orchestrator/core/console/lines.hpp"

namespace kverdict {

struct LinePrefix {
  std::size_t length = 0;  // bytes of the line that are no message
  bool has_stamp = false;  // a printk time stamp or an extended header is among them
  std::optional<std::chrono::microseconds> time;
  std::optional<std::uint64_t> sequence;
  std::string_view caller;
  int level = -1;
  LineOrigin origin = LineOrigin::unknown;
};

// Peels levels, dates, host and tag, printk stamp, caller and extended header off the front, in any order.
LinePrefix parse_prefix(std::string_view line);
// Where the next "[   12.345678]" stands at or after `from`; npos = nowhere.
std::size_t find_embedded_stamp(std::string_view line, std::size_t from);

}  // namespace kverdict
