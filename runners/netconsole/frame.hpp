// One netconsole datagram, read but not believed. Pure; views into the datagram.
//
//   plain      the console's text, cut into pieces of 1000 bytes without a mark
//   extended   [release,]level,sequence,microseconds,flags[,caller=T1][,ncfrag=offset/total][,...];body
//
// A body is the message, escaped as \xNN, and behind it lines " KEY=value" of device facts. A body above 1000
// bytes comes in fragments, cut anywhere, also inside an escape. Fields that we do not know are left aside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kverdict {

struct NetFragment {
  std::size_t offset = 0;
  std::size_t total = 0;  // of the whole body, its last line end included
  bool operator==(const NetFragment&) const = default;
};

struct NetFrame {
  unsigned level = 0;  // syslog level, 0 to 7
  std::uint64_t sequence = 0;
  std::uint64_t microseconds = 0;  // since boot
  bool continues = false;          // the line before, as printk(KERN_CONT) means it
  std::string_view release;        // kernels from 6.6 on may say it; empty = not said
  std::string_view caller;         // "T12", "C0"; empty = not said
  std::optional<NetFragment> fragment;
  std::string_view body;
};

// None: no extended datagram, so its text is a plain one's.
std::optional<NetFrame> parse_frame(std::string_view datagram);

// The body without the lines of device facts and the last line end; still escaped.
std::string_view message_of(std::string_view body);

}  // namespace kverdict
