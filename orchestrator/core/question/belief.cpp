#include "orchestrator/core/question/belief.hpp"

#include <algorithm>

#include "orchestrator/core/search/skip_odds.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

double seconds(milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

milliseconds whole_run(const Question& question) {
  const auto& longest = question.rules.soak.longest;
  return std::max(milliseconds(1), longest.count() > 0 ? longest : question.costs.run);
}

}  // namespace

Belief::Belief(const Question& question)
    : question_(question),
      whole_(whole_run(question)),
      crash_time_(timed_crashes()),
      prior_(question.lineage, question.rules.prior) {
  take_evidence();
  take_running();
  set_terms();
}

const RateGrid& Belief::grid() const {
  return rate_grid(question_.rules.find == Find::any_change ? RateKind::any_change : RateKind::never_before);
}

Turn Belief::turn() const {
  return question_.rules.find == Find::fix ? Turn::to_good : Turn::to_bad;
}

double Belief::part(milliseconds exposure) const {
  return std::clamp(seconds(exposure) / seconds(whole_), 0., 1.);
}

std::vector<TimedCrash> Belief::timed_crashes() const {
  std::vector<TimedCrash> crashes;
  for (const auto& [id, standing] : question_.evidence.standings)
    for (const auto& run : standing.record)
      if (run.kind == Run::Kind::failed)
        crashes.push_back({part(run.exposure), run.soak.count() > 0 ? part(run.soak) : 1});
  return crashes;
}

std::size_t Belief::tried_number(const CandidateId& id) {
  const auto found = std::ranges::find(ids_, id);
  if (found != ids_.end()) return static_cast<std::size_t>(found - ids_.begin());
  const auto at = question_.range.history.find(id);
  Tried fresh;
  if (at) fresh.slot = question_.lineage.slot(*at);
  tried_.push_back(std::move(fresh));
  ids_.push_back(id);
  return ids_.size() - 1;
}

void Belief::take_evidence() {
  const auto& known = question_.rules.known;
  if (known.failed + known.passed > 0) {
    auto& shots = tried_[tried_number(question_.range.bad)].shots;
    shots.insert(shots.end(), known.failed, {true, 1});
    shots.insert(shots.end(), known.passed, {false, 1});
  }
  for (const auto& [id, standing] : question_.evidence.standings) {
    const bool judged =
        standing.marked && (standing.verdict == Verdict::good || standing.verdict == Verdict::bad);
    if (standing.record.empty() && standing.bad + standing.good == 0 && !judged) continue;
    auto& tried = tried_[tried_number(id)];
    if (judged) {
      tried.word = standing.verdict == Verdict::bad;
      continue;
    }
    if (standing.record.empty()) {  // only the counts are known
      tried.shots.insert(tried.shots.end(), standing.bad, {true, 1});
      tried.shots.insert(tried.shots.end(), standing.good, {false, 1});
    }
    for (const auto& run : standing.record)
      tried.shots.push_back({run.kind == Run::Kind::failed, reached(run)});
  }
  for (const auto& [id, standing] : question_.evidence.standings) {
    if (!standing.same_code_as) continue;
    const auto twin = std::ranges::find(ids_, *standing.same_code_as);
    if (twin == ids_.end()) continue;
    const auto number = static_cast<std::size_t>(twin - ids_.begin());
    tried_[tried_number(id)].twin_of = number;
  }
}

void Belief::take_running() {
  for (const auto& running : question_.running) {
    const double whole = running.soak.count() > 0 ? part(running.soak) : 1;
    const double survived = part(running.survived);
    in_flight_.push_back({running.trial, tried_number(running.candidate), running.booted,
                          crash_time_.reached(survived), crash_time_.reached(whole),
                          std::max(0., whole - survived)});
  }
}

void Belief::set_terms() {
  const auto& q = question_;
  terms_.crash_time = &crash_time_;
  terms_.build = seconds(q.costs.build);
  terms_.handling = seconds(q.costs.handling);
  terms_.boot = seconds(q.costs.boot);
  terms_.run = seconds(whole_);
  terms_.shortest_part = q.rules.soak.longest.count() > 0 ? part(q.rules.soak.shortest) : 1;
  const auto slots_of = [&](const auto& ids) {
    std::vector<std::uint32_t> slots;
    for (const auto& id : ids)
      if (const auto at = q.range.history.find(id)) slots.push_back(q.lineage.slot(*at));
    std::ranges::sort(slots);
    return slots;
  };
  terms_.built = slots_of(q.costs.built);
  std::vector<CandidateId> broken;
  std::vector<Asked> asked;
  for (const auto& [id, standing] : q.evidence.standings) {
    const auto at = q.range.history.find(id);
    if (standing.untestable()) broken.push_back(id);
    if (at && standing.untestable())
      asked.push_back({*at, Verdict::skip});
    else if (at && !standing.record.empty())
      asked.push_back({*at, Verdict::good});
  }
  terms_.cannot = slots_of(broken);
  if (broken.empty()) return;
  const auto odds = skip_odds(q.range.history, asked);
  terms_.untestable.resize(odds.size());
  for (std::size_t i = 0; i < odds.size(); ++i) terms_.untestable[q.lineage.slot(position_at(i))] = odds[i];
}

Posterior Belief::posterior(std::vector<Tried> tried) const& {
  return {question_.lineage, prior_, grid(), turn(), std::move(tried)};
}

Posterior Belief::now() const& {
  auto tried = tried_;
  for (const auto& running : in_flight_)
    if (running.survived > 0) tried[running.tried].shots.push_back({false, running.survived});
  return posterior(std::move(tried));
}

double Belief::reached(const Run& run) const {
  return run.whole ? 1 : crash_time_.reached(part(run.exposure));
}

}  // namespace kverdict
