// A session's journal as a question to the planner: what runs, what things cost, what is known. Everything
// that asks for a plan does it through here, so that all of them ask the same.
#pragma once

#include <chrono>

#include "orchestrator/core/journal/state.hpp"
#include "orchestrator/core/question/plan.hpp"

namespace kverdict {

// The trials that run at `now`, as far as the journal knows. How long a guest has been under load is
// reckoned from its power-on.
std::vector<Running> running_trials(const State& state, const Costs& costs,
                                    std::chrono::system_clock::time_point now);

// All references must live as long as this.
class Survey {
 public:
  // `run` is the configured length of the workload.
  Survey(const State& state, Evidence evidence, const Range& range, const Lineage& lineage,
         const BisectRules& rules, const ParentsOf& parents_of, std::chrono::milliseconds run);

  Plan plan(std::chrono::system_clock::time_point now, unsigned free_slots) const;
  Conclusion give_up(std::string why, std::chrono::system_clock::time_point now) const;
  Question question(std::chrono::system_clock::time_point now, unsigned free_slots) const;

 private:
  const State& state_;
  Evidence evidence_;
  const Range& range_;
  const Lineage& lineage_;
  const BisectRules& rules_;
  const ParentsOf& parents_of_;
  Costs costs_;
};

}  // namespace kverdict
