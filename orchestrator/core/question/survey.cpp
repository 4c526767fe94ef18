#include "orchestrator/core/question/survey.hpp"

#include <algorithm>

namespace kverdict {

using std::chrono::milliseconds;
using WallTime = std::chrono::system_clock::time_point;

std::vector<Running> running_trials(const State& state, const Costs& costs, WallTime now) {
  std::vector<Running> running;
  for (const auto& trial : state.trials) {
    if (!trial.running()) continue;
    Running one;
    one.trial = trial.number;
    one.candidate = trial.candidate;
    one.purpose = trial.purpose;
    one.booted = trial.booted.has_value();
    one.soak = trial.soak;
    if (trial.booted) {
      const auto up = std::chrono::duration_cast<milliseconds>(now - *trial.booted) - costs.boot;
      one.survived = std::clamp(up, milliseconds(0), trial.soak.count() > 0 ? trial.soak : costs.run);
    }
    running.push_back(std::move(one));
  }
  return running;
}

Survey::Survey(const State& state, Evidence evidence, const Range& range, const Lineage& lineage,
               const BisectRules& rules, const ParentsOf& parents_of, milliseconds run)
    : state_(state),
      evidence_(std::move(evidence)),
      range_(range),
      lineage_(lineage),
      rules_(rules),
      parents_of_(parents_of),
      costs_(costs_of(state, run)) {}

Question Survey::question(WallTime now, unsigned free_slots) const {
  Question question{range_, lineage_, evidence_, rules_, parents_of_, costs_};
  question.running = running_trials(state_, costs_, now);
  question.free_slots = free_slots;
  return question;
}

Plan Survey::plan(WallTime now, unsigned free_slots) const {
  return make_plan(question(now, free_slots));
}

Conclusion Survey::give_up(std::string why, WallTime now) const {
  return kverdict::give_up(question(now, 0), std::move(why));
}

}  // namespace kverdict
