// How likely a candidate cannot be tested, judged by the answers around it. Pure.
//
// Broken commits come in stretches (a bad merge, a missing fix), so being untestable is taken as a two-state
// Markov chain along lines of descent: broken candidates keep their state with distance, and the share of
// broken ones is learnt from the answers themselves.
#pragma once

#include <vector>

#include "orchestrator/core/search/suspects.hpp"

namespace kverdict {

// One probability per position of the history, in [0, 1). Parents outside the history count as testable.
std::vector<double> skip_odds(const History& history, const std::vector<Asked>& asked);

}  // namespace kverdict
