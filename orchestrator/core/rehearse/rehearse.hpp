// Rehearsal: many nights from what is known now, to say beforehand how long it takes and whether it will be
// right. Each night draws its own truth: the culprit from the posterior (before any run: from the prior), the
// rate from the same, unless it is declared. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/core/rehearse/night.hpp"

namespace kverdict {

// What is assumed of the world; what is not said is drawn.
struct Assumptions {
  std::optional<double> rate;  // p
  double false_alarms = 0;
  double foreign = 0;
  double lab_errors = 0;
  double spread = 0;
  double machine_spread = 0;
  double crash_after = 20;  // seconds
  double untestable = 0;    // share of the candidates, in stretches of `stretch`
  double stretch = 30;
};

struct Rehearsal {
  unsigned nights = 0;
  unsigned right = 0, wrong = 0, undecided = 0;  // undecided: the deadline came, or nothing could be said
  double median_seconds = 0, late_seconds = 0;   // of the nights that ended; late = 9 of 10 are faster
  double mean_trials = 0, mean_builds = 0;
  std::vector<std::string> weak_spots;  // a sentence each
};

struct RehearsalLimits {
  unsigned nights = 300;
  std::uint64_t seed = 1;
};

// `evidence` and `costs` as they stand; both may be blank.
Rehearsal rehearse(const Range& range, const Lineage& lineage, const BisectRules& rules,
                   const Assumptions& assumptions, const Lab& lab, const Evidence& evidence,
                   const RehearsalLimits& limits);

}  // namespace kverdict
