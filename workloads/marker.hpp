// The guest's words: lines on the console that start with "@kv ", each with a checksum, so that a torn or
// forged line is never believed. Pure. Format, one line, ASCII:
//
//   @kv CRC WORD [KEY=VALUE ...]
//
// CRC is CRC-16/CCITT-FALSE, four lower-case hex digits, over everything after "@kv CRC ". Values are
// percent-encoded (space, %, control, non-ASCII). Words:
//   hello    token= release= build_id= version= uptime_ms=      first word of every boot
//   note     text=                                       set-up remark (sysctl missing, module not loaded)
//   ready    uptime_ms=                                  set-up done, workload starts next
//   beat     uptime_ms=                                  heart beat
//   vital    up= cpu= run= mem= sock= sirq=              how the guest fares, see below
//   start    step=                                       a step starts
//   metric   step= name= value= unit=
//   out      step= text=                                 a line the step printed
//   end      step= exit= | signal= | timeout=1           a step ended
//   done     uptime_ms=                                  all steps ended; power-off follows
//   fail     text=                                       set-up impossible: a lab error
//
// A vital's fields are lists of numbers: up milliseconds; cpu per cent since the last one: user, system,
// softirq, stolen, idle; run processes: runnable, blocked; mem kB: free, slab; sock sockets: all, TCP in use,
// TCP time-wait; sirq softirqs since the last one: timer, transmit, receive, RCU.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kverdict {

struct Marker {
  std::string word;
  std::map<std::string, std::string> fields;
  const std::string& field(const std::string& key) const;  // empty string when missing
  bool operator==(const Marker&) const = default;
};

// Finds a marker in one console line (a printk time stamp may stand before it). None when there is no
// marker, or when its checksum is wrong.
std::optional<Marker> parse_marker(std::string_view line);
// Does the line claim to be a marker, whole or torn? Such a line is never kernel text.
bool looks_like_marker(std::string_view line);
// The line that parse_marker() reads as this marker (for recorded and simulated machines).
std::string encode(const Marker& marker);

}  // namespace kverdict
