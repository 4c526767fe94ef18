// What the user decided that failures mean. Opinions: they may change between a run and its resume.
#pragma once

#include <string>
#include <vector>

namespace kverdict {

// What a crash that is not the hunted one says of its candidate.
enum class OtherCrash { skip, bad };
// What a hang says when no title is hunted by name: learnt = bad if the bad end hung, else skip.
enum class HangPolicy { learnt, bad, skip };
// Does a WARNING that the guest survives count? hunted = only when its title is the hunted one.
enum class WarningPolicy { hunted, count, ignore };

// Whose memory is kept as a core file beside the transcript.
enum class KeepMemory { never, culprit, crash };

struct HuntPolicy {
  std::vector<std::string> titles;  // the hunted bug by hand; empty = learnt from the bad end
  OtherCrash other_crash = OtherCrash::skip;
  HangPolicy hang = HangPolicy::learnt;
  WarningPolicy warning = WarningPolicy::hunted;
  WarningPolicy complaint =
      WarningPolicy::hunted;  // OOM kills, failed allocations, file system and I/O errors
  bool operator==(const HuntPolicy&) const = default;
};

}  // namespace kverdict
