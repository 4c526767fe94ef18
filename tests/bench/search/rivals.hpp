// Other ways to search for a bug that shows only sometimes, on a line of candidates, each as good as it can
// be made. All are given the ends for certain, and all pay the same for builds and runs.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/core/rehearse/chance.hpp"

namespace kverdict::bench {

struct Row {
  const char* name = "";
  unsigned size = 1000;
  double p = 1, q = 0, foreign = 0;
};

struct Tally {
  double trials = 0, seconds = 0;
  bool right = false;
};

// r runs of each candidate, any hunted crash is bad, in git's order; r is the smallest that is right in 99 of
// 100 sessions, for one who knows p. With false alarms: Wald's sequential test of each candidate instead.
Tally git_with_oracle(const Row& row, unsigned culprit, Chance& chance);
// First five failures of the bad end, from them a cautious p, from it r.
Tally estimate_first(const Row& row, unsigned culprit, Chance& chance);
// Ten runs of each candidate; any crash at all is bad.
Tally any_of_ten(const Row& row, unsigned culprit, Chance& chance);
// The posterior with Jeffreys priors on both rates; each run where the expected entropy is least.
Tally greedy_entropy(const Row& row, unsigned culprit, Chance& chance);

}  // namespace kverdict::bench
