// One night, simulated: a whole session against a world whose truth is known, event by event, with as many
// machines as there are, in microseconds. What `rehearse`, the honest ETA and the tests of the search are
// made of. Pure: the same arguments, the same night.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "orchestrator/core/question/plan.hpp"
#include "orchestrator/core/rehearse/chance.hpp"

namespace kverdict {

// How the world is.
struct World {
  Position culprit{};
  double rate = 1;               // p: of the whole runs of a bad kernel, how many fail
  double false_alarms = 0;       // q: the same of a good kernel
  double foreign = 0;            // of the runs of any kernel, how many die of something else
  double lab_errors = 0;         // of the trials, how many end without a verdict
  double spread = 0;             // standard deviation of the rate from build to build
  double machine_spread = 0;     // and from machine to machine
  double crash_after = 20;       // seconds under load, mean of an exponential that the run cuts off
  std::vector<bool> untestable;  // by position; empty = none
};

// What there is to work with. Seconds.
struct Lab {
  unsigned machines = 1;
  double build = 60;
  double boot = 0;
  double run = 60;
  double deadline = 0;  // 0 = none
};

struct Night {
  std::optional<Conclusion> conclusion;  // none: the deadline came first
  double seconds = 0;
  unsigned trials = 0, builds = 0, stopped = 0;
  bool right = false;  // the culprit is named; or only skips are left, and it is among them
};

// `from` = what was known when the night began. The plan is asked as a session would ask it.
Night rehearse_night(const Range& range, const Lineage& lineage, const BisectRules& rules, const World& world,
                     const Lab& lab, std::uint64_t seed, const Evidence& from = {});

}  // namespace kverdict
