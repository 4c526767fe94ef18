// What a session saw besides the hunted failure: other crashes that came often, each with its own list of
// candidates, and how its machines differ.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "orchestrator/core/model/history.hpp"
#include "orchestrator/core/question/evidence.hpp"

namespace kverdict {

struct OtherFailure {
  std::string title;
  unsigned times = 0;                                    // trials that showed it
  std::uint32_t trial = 0;                               // the first of them
  std::vector<std::pair<CandidateId, unsigned>> seen;    // how often at which candidate, oldest trial first
  std::vector<std::pair<CandidateId, double>> culprits;  // the likeliest, if this one were hunted
};

// Crashes with other names that came at least three times, the most frequent first. The list of culprits is
// made by the same function as the hunted one's, from the same trials.
std::vector<OtherFailure> other_crashes(const State& state, const Range& range, const Evidence& evidence);

struct MachineRow {
  std::string machine;
  unsigned trials = 0, failed = 0, clean = 0, lab_errors = 0;
  // Runs of kernels that failed somewhere: here and on all other machines. A machine that never shows the
  // failure, or alone shows it, is seen here.
  unsigned failed_of_bad = 0, runs_of_bad = 0, failed_of_bad_elsewhere = 0, runs_of_bad_elsewhere = 0;
  std::string doubt;  // a sentence; empty = it is like the others
};

// One row a machine; empty when there is only one.
std::vector<MachineRow> by_machine(const State& state, const Evidence& evidence);

}  // namespace kverdict
