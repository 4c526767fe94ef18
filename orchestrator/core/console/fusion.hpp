// One transcript of what several channels brought of one boot. Pure; linear in the lines.
//
// netconsole and the log in the guest's memory carry each record whole, with its number: their union is the
// kernel's log, and a number that is in neither is a gap. Serial carries everything, user space and firmware
// too, but may lose or change any byte. So:
//   1  the numbered records are united by number
//   2  serial lines with the time and the text of a record are that record, seen twice
//   3  what is left between two such pairs: a serial line that is much like a record there is its damaged
//      copy and gives way to it; all others stay, after what they followed, by printk time where they have
//      one
//   4  a gap that lines of serial alone fill is none
// No channel's lines change their order, and nothing that two channels brought appears twice.
#pragma once

#include <cstdint>
#include <vector>

#include "orchestrator/core/console/transcript.hpp"

namespace kverdict {

struct ChannelLines {
  Transcript serial, netconsole, memory;
  std::vector<std::uint64_t> left_out;  // numbers of records that were not kept, and are not missing
};

struct FusionCounts {
  std::uint64_t both = 0;      // serial lines that are whole records
  std::uint64_t torn = 0;      // serial lines that gave way to the record
  std::uint64_t restored = 0;  // records that serial did not bring at all
  std::uint64_t missing = 0;   // records that no channel brought
  bool operator==(const FusionCounts&) const = default;
};

struct Fusion {
  Transcript transcript;
  FusionCounts counts;
};

Fusion fuse(ChannelLines channels);

}  // namespace kverdict
