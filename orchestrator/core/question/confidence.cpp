#include "orchestrator/core/question/confidence.hpp"

#include "orchestrator/core/question/belief.hpp"

namespace kverdict {

std::vector<double> culprit_posterior(const Range& range, const Evidence& evidence) {
  const Lineage lineage(range.history);
  const BisectRules rules;
  const Costs costs;
  const ParentsOf no_parents = [](const CandidateId&) { return std::vector<CandidateId>{}; };
  const Question question{range, lineage, evidence, rules, no_parents, costs};
  const Belief belief(question);
  const auto posterior = belief.now();
  std::vector<double> result;
  for (std::size_t i = 0; i < range.history.size(); ++i)
    result.push_back(posterior.probability(lineage.slot(position_at(i))) / (1 - posterior.nowhere()));
  return result;
}

}  // namespace kverdict
