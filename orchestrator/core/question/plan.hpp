// The plan: given all that is known and all that is running, what to do now. Pure, and the same for the same
// arguments; a session asks for a new one whenever something has happened.
//
//   plan = make_plan(question); stop the pointless; start the asks; build ahead
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/core/question/bisect.hpp"
#include "orchestrator/core/search/lineage.hpp"

namespace kverdict {

struct Running {
  std::uint32_t trial = 0;
  CandidateId candidate;
  Purpose purpose = Purpose::search;
  bool booted = false;                    // power is on; before that its image is waited for
  std::chrono::milliseconds survived{0};  // under load so far
  std::chrono::milliseconds soak{0};      // as asked; 0 = as configured
  std::string machine;                    // empty = not known yet
};

// What things take, measured as the session goes.
struct Costs {
  std::chrono::milliseconds build{60'000};     // of a candidate that is not built: the next one
  std::chrono::milliseconds boot{20'000};      // power-on to load, and the way down
  std::chrono::milliseconds run{60'000};       // under load, when it passes and is not shortened
  std::chrono::milliseconds handling{25'000};  // of a trial, besides its time: logs to read, machines to wear
  std::set<CandidateId> built;                 // boots at once
};

// `run` is the configured length of the workload (0 = unknown: what passing runs took); `known_built` is what
// a cache holds from before.
Costs costs_of(const State& state, std::chrono::milliseconds run, std::set<CandidateId> known_built = {});

struct Question {
  const Range& range;
  const Lineage& lineage;  // of range.history; prepared once
  const Evidence& evidence;
  const BisectRules& rules;
  const ParentsOf& parents_of;
  const Costs& costs;
  std::vector<Running> running = {};
  unsigned free_slots = 1;
};

struct Plan {
  std::optional<Conclusion> conclusion;  // then nothing else matters
  std::vector<Ask> asks;                 // best first, at most as many as there are free slots
  std::vector<std::uint32_t> pointless;  // running trials whose outcome tells (almost) nothing any more
  std::vector<CandidateId> build_ahead;  // likely wanted soon, most likely first; none that runs or is asked
};

Plan make_plan(const Question& question);

// What can be said when the time is over: the candidates by probability, and why it stops.
Conclusion give_up(const Question& question, std::string why);

}  // namespace kverdict
