#include "orchestrator/core/question/plan.hpp"

#include <algorithm>

#include "orchestrator/core/question/bayes.hpp"
#include "orchestrator/core/question/outlook.hpp"
#include "orchestrator/core/search/suspects.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

milliseconds mean(milliseconds sum, unsigned count, milliseconds otherwise) {
  return count == 0 ? otherwise : sum / count;
}

bool runs_already(const Question& question, const CandidateId& id) {
  return std::ranges::any_of(question.running, [&](const Running& r) { return r.candidate == id; });
}

bool asked_already(const Plan& plan, const CandidateId& id) {
  return std::ranges::any_of(plan.asks, [&](const Ask& a) { return a.candidate == id; });
}

bool is_open(const Question& q, const CandidateId& id) {
  const auto at = q.range.history.find(id);
  if (!at) return true;
  std::vector<Asked> asked;
  for (const auto& [other, standing] : q.evidence.standings)
    if (const auto p = q.range.history.find(other); p && standing.verdict != Verdict::nothing)
      asked.push_back({*p, standing.verdict});
  return suspects_after(q.range.history, asked).has(*at);
}

// git's question in the first slot; in further slots what would be asked after either answer.
Plan plan_classic(const Question& q) {
  Plan plan;
  const auto decision = decide(q.range, q.evidence, q.rules, q.parents_of);
  if (const auto* conclusion = std::get_if<Conclusion>(&decision)) {
    plan.conclusion = *conclusion;
    return plan;
  }
  const auto& ask = std::get<Ask>(decision);
  const auto take = [&](Ask next) {
    if (plan.asks.size() < q.free_slots && !runs_already(q, next.candidate))
      plan.asks.push_back(std::move(next));
  };
  take(ask);
  for (auto& id : likely_next(q.range, q.evidence, q.rules, q.parents_of, ask)) {
    if (q.free_slots + q.running.size() > 1)
      take({id, Purpose::search, "likely the next to be asked", ask.left, ask.steps, {}});
    if (!asked_already(plan, id) && !runs_already(q, id)) plan.build_ahead.push_back(id);
  }
  // What was begun for an answer that did not come.
  for (const auto& running : q.running)
    if (running.candidate != ask.candidate && !asked_already(plan, running.candidate) &&
        !is_open(q, running.candidate))
      plan.pointless.push_back(running.trial);
  return plan;
}

}  // namespace

Costs costs_of(const State& state, milliseconds run, std::set<CandidateId> known_built) {
  Costs costs;
  milliseconds passes{0}, starts{0};
  unsigned passed = 0, started = 0;
  for (const auto& trial : state.trials) {
    if (!trial.counts()) continue;
    const auto& outcome = trial.ended->outcome;
    if (outcome.exposure.count() == 0 || trial.ended->run < outcome.exposure) continue;
    starts += trial.ended->run - outcome.exposure;
    ++started;
    if (outcome.kind != Outcome::Kind::passed || trial.soak.count() > 0) continue;
    passes += outcome.exposure;
    ++passed;
  }
  costs.build = mean(state.building, state.builds, costs.build);
  costs.boot = mean(starts, started, costs.boot);
  costs.run = run.count() > 0 ? run : mean(passes, passed, costs.run);
  costs.built = std::move(known_built);
  for (const auto& [id, image] : state.images) costs.built.insert(id);
  return costs;
}

Plan make_plan(const Question& question) {
  switch (question.rules.method) {
    case Method::classic:
      return plan_classic(question);
    case Method::bayes:
      return plan_bayes(question);
  }
  return {};
}

Conclusion give_up(const Question& question, std::string why) {
  Conclusion conclusion;
  conclusion.kind = Conclusion::Kind::narrowed;
  conclusion.reason = std::move(why);
  auto view = outlook(question);
  conclusion.ranking = std::move(view.ranking);
  conclusion.doubts = std::move(view.doubts);
  for (const auto& ranked : conclusion.ranking) conclusion.suspects.push_back(ranked.candidate);
  return conclusion;
}

}  // namespace kverdict
