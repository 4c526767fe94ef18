// Suspects: the candidates that may still be the culprit after the answers given so far, in git's order.
// Pure. What each search method starts from.
#pragma once

#include <cstddef>
#include <vector>

#include "orchestrator/core/model/history.hpp"
#include "orchestrator/core/model/verdict.hpp"

namespace kverdict {

// One settled verdict; at most one per position.
struct Asked {
  Position at;
  Verdict verdict;
};

// A candidate is suspect when every bad one descends from it (or is it) and no good one does. The set is
// closed: what lies on a line of descent between two suspects is suspect as well.
struct Suspects {
  std::vector<Position> walk;   // newest first, the order of `git rev-list <bad> ^<good>...`
  std::vector<bool> member;     // per position of the history
  std::vector<bool> known_bad;  // answered bad
  std::vector<bool> skipped;    // answered skip
  bool any_bad = false;
  bool any_skip = false;  // a skip anywhere in the history, suspect or not

  std::size_t size() const { return walk.size(); }
  bool has(Position p) const { return member[index_of(p)]; }
};

Suspects suspects_after(const History& history, const std::vector<Asked>& asked);

}  // namespace kverdict
