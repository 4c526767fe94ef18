// Which run tells most per second. Every candidate is weighed, as "up to so many runs of it, so long each,
// until one fails": the information about the culprit that the outcome carries, over what it takes in the
// mean. One run is then made, and all is weighed again.
//
// Once one candidate stands out, the extrinsic Jensen-Shannon divergence of Naghshvar and Javidi is added:
// information alone is too shy in the last phase, where a suspicion must be confirmed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/core/search/crash_time.hpp"
#include "orchestrator/core/search/posterior.hpp"

namespace kverdict {

// What may be asked, and what it takes. Times in seconds.
struct Terms {
  const CrashTime* crash_time = nullptr;
  double build = 60, boot = 0, run = 60;
  double handling = 0;                // what a run costs besides, so that none is cut to pieces
  double shortest_part = 1;           // of a run; 1 = never shortened
  std::vector<std::uint32_t> built;   // slots, sorted
  std::vector<std::uint32_t> cannot;  // slots that are known to be untestable, sorted
  std::vector<double> untestable;     // odds by slot; empty = nothing is known
};

struct Probe {
  std::uint32_t slot = Lineage::k_none;  // none: an end outside the history
  std::optional<std::size_t> tried;      // its number among the tried ones, when it is one
  unsigned runs = 1;
  double part = 1;        // of a whole run
  double bits = 0;        // that the block of runs tells in the mean
  double seconds = 0;     // that it takes in the mean
  double score = 0;       // bits per second
  double untestable = 0;  // how probable it cannot be tested
  double bad = 0;         // how probable the candidate is bad
};

// The best first, different candidates, at most n. Empty when nothing that can be asked tells anything.
std::vector<Probe> best_probes(const Posterior& posterior, const Terms& terms, std::size_t n);

}  // namespace kverdict
