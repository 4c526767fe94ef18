#include "orchestrator/core/question/bayes.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "orchestrator/core/question/belief.hpp"
#include "orchestrator/core/question/doubt.hpp"
#include "orchestrator/core/question/outlook.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

constexpr unsigned k_end_runs = 20;     // of the bad end, when the rules do not say more than one
constexpr double k_ends_doubted = 0.5;  // posterior of "none of these" at which the ends are wrong
constexpr double k_hopeless = 0.9;      // odds of being untestable: then only such ones could still tell
constexpr double k_still_suspect = 1e-4;
constexpr double k_decided_bits = 0.06;  // a running candidate this certain tells nothing more

double entropy(double p) {
  return p <= 0 || p >= 1 ? 0 : -p * std::log2(p) - (1 - p) * std::log2(1 - p);
}

// Numbers without state: the same plan for the same evidence.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}
  double roll() {
    state_ += 0x9e3779b97f4a7c15ULL;
    auto x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
  }
  std::size_t pick(std::span<const double> weights) {
    double at = roll();
    for (std::size_t i = 0; i + 1 < weights.size(); ++i)
      if ((at -= weights[i]) < 0) return i;
    return weights.size() - 1;
  }

 private:
  std::uint64_t state_;
};

class Planner {
 public:
  explicit Planner(const Question& question) : q_(question), belief_(question), now_(belief_.now()) {}

  Plan plan() {
    Plan plan;
    if (q_.rules.ends == Ends::check) check_ends(plan);
    if (plan.conclusion || must_wait_) return plan;
    if (auto conclusion = conclude(plan)) {
      plan.conclusion = std::move(conclusion);
      return plan;
    }
    suppose_running();
    for (const auto& ask : plan.asks) suppose(ask.candidate, 1);
    while (plan.asks.size() < q_.free_slots)
      if (!ask_best(plan)) break;
    if (plan.asks.empty() && q_.running.empty() && q_.free_slots > 0) plan.conclusion = nothing_left();
    find_pointless(plan);
    return plan;
  }

 private:
  // ---- the ends

  bool runs(const CandidateId& id) const {
    return std::ranges::any_of(q_.running, [&](const Running& r) { return r.candidate == id; });
  }

  bool looks_for_fix() const { return q_.rules.find == Find::fix; }

  void check_ends(Plan& plan) {
    check_failing(plan, looks_for_fix() ? q_.range.goods : std::vector{q_.range.bad});
    if (plan.conclusion || must_wait_) return;
    if (looks_for_fix()) {
      check_passing(plan, {q_.range.bad}, Purpose::bad_end);
    } else {
      check_passing(plan, q_.range.goods, Purpose::good_end);
      check_passing(plan, q_.range.merge_bases, Purpose::merge_base);
    }
  }

  static Ask end_ask(const CandidateId& id, Purpose purpose, std::string reason, std::size_t left) {
    return {id, purpose, std::move(reason), left, 0, {}};
  }

  // Nothing is known of the failure before it has been seen: what is hunted may have to be learnt from it.
  void check_failing(Plan& plan, const std::vector<CandidateId>& ends) {
    const auto limit = q_.rules.end_runs > 1 ? q_.rules.end_runs : k_end_runs;
    for (const auto& id : ends) {
      const auto& standing = q_.evidence.of(id);
      const std::string name = (looks_for_fix() ? "the old end " : "the bad end ") + short_id(id);
      if (standing.verdict == Verdict::bad) continue;
      if (standing.untestable()) {
        plan.conclusion = wrong(name + " does not show the hunted failure: " + standing.reason);
        return;
      }
      if (standing.good + standing.foreign >= limit ||
          (standing.marked && standing.verdict == Verdict::good)) {
        plan.conclusion =
            wrong(name + " did not fail in " + std::to_string(standing.good + standing.foreign) +
                  " runs; raise the workload's duration or bisect.end_runs, or check the end");
        return;
      }
      must_wait_ = true;
      auto started = static_cast<unsigned>(
          std::ranges::count_if(q_.running, [&](const Running& r) { return r.candidate == id; }));
      while (plan.asks.size() < q_.free_slots && standing.good + standing.foreign + started < limit) {
        plan.asks.push_back(end_ask(id, looks_for_fix() ? Purpose::good_end : Purpose::bad_end,
                                    "the failure must be seen at this end", q_.range.history.size()));
        ++started;
      }
    }
  }

  void check_passing(Plan& plan, const std::vector<CandidateId>& ends, Purpose purpose) {
    for (const auto& id : ends) {
      if (plan.conclusion) return;
      const auto& standing = q_.evidence.of(id);
      const std::string name = std::string(purpose == Purpose::merge_base ? "the merge base "
                                           : purpose == Purpose::bad_end  ? "the new end "
                                                                          : "the good end ") +
                               short_id(id);
      if (standing.untestable() && purpose != Purpose::merge_base)
        plan.conclusion = wrong(name + " cannot be shown good: " + standing.reason);
      if (standing.bad > 0 && (standing.marked || now_.nowhere() > k_ends_doubted))
        plan.conclusion =
            wrong(name + " is bad: " + standing.reason +
                  (purpose == Purpose::merge_base
                       ? "; the bug was fixed on the way to the good end: bisect from there for the fix"
                       : "; choose another one"));
      const bool seen =
          !standing.record.empty() || standing.marked || standing.same_code_as || standing.untestable();
      if (plan.conclusion || seen || runs(id) || plan.asks.size() >= q_.free_slots) continue;
      plan.asks.push_back(end_ask(
          id, purpose, purpose == Purpose::merge_base ? "a merge base must pass" : "a good end must pass",
          q_.range.history.size()));
    }
  }

  Conclusion wrong(std::string what) const {
    Conclusion conclusion;
    conclusion.kind = Conclusion::Kind::ends_wrong;
    conclusion.reason = std::move(what);
    return conclusion;
  }

  // ---- the end

  double needed() const {
    const auto machines = q_.running.size() + q_.free_slots;
    return 1 - (1 - q_.rules.confidence) * (machines >= 4 ? .4 : .8);
  }

  std::optional<Conclusion> conclude(Plan& plan) const {
    if (now_.nowhere() > needed() && q_.rules.ends == Ends::check)
      return wrong("the good end fails like the bad one: none of the candidates explains what was seen");
    const auto top = now_.top();
    if (top.probability >= needed()) {
      const auto culprit = q_.range.history.id(q_.lineage.at(top.slot));
      if (ask_parents(plan, culprit)) return std::nullopt;
      return found(culprit, top.probability);
    }
    return cannot_be_told_apart();
  }

  // Each parent of the culprit is asked once itself, whatever else speaks for it.
  bool ask_parents(Plan& plan, const CandidateId& culprit) const {
    bool waits = false;
    for (const auto& parent : q_.parents_of(culprit)) {
      const auto& standing = q_.evidence.of(parent);
      if (!standing.record.empty() || standing.untestable() || standing.marked || standing.same_code_as)
        continue;
      if (q_.rules.ends == Ends::trusted && !q_.range.history.find(parent)) continue;
      waits = true;
      if (!runs(parent) && plan.asks.size() < q_.free_slots)
        plan.asks.push_back({parent, Purpose::parent, "a parent of the culprit must pass", 1, 1, {}});
    }
    return waits;
  }

  Conclusion with_ranking(Conclusion conclusion) const {
    conclusion.ranking = rank(q_, now_);
    conclusion.doubts = doubts(belief_);
    if (conclusion.suspects.empty())
      for (const auto& ranked : conclusion.ranking) conclusion.suspects.push_back(ranked.candidate);
    return conclusion;
  }

  Conclusion found(const CandidateId& culprit, double probability) const {
    Conclusion conclusion;
    conclusion.kind = Conclusion::Kind::found;
    conclusion.culprit = culprit;
    conclusion.suspects = {culprit};
    char text[64];
    std::snprintf(text, sizeof text, "%.2f %% probable", 100 * probability);
    const auto& reason = q_.evidence.of(culprit).reason;
    conclusion.reason = text + (reason.empty() ? "" : "; " + reason);
    return with_ranking(std::move(conclusion));
  }

  // An untestable candidate with one child is only tested through that child.
  std::optional<Conclusion> cannot_be_told_apart() const {
    const auto& history = q_.range.history;
    std::map<std::uint32_t, std::vector<std::uint32_t>> groups;  // by the testable one at the top
    for (const auto slot : belief_.terms().cannot) {
      auto top = slot;
      for (auto at = q_.lineage.at(slot); history.children(at).size() == 1;) {
        at = history.children(at)[0];
        top = q_.lineage.slot(at);
        if (!std::ranges::binary_search(belief_.terms().cannot, top)) break;
      }
      if (top != slot) groups[top].push_back(slot);
    }
    for (auto& [top, members] : groups) {
      members.push_back(top);
      double mass = 0;
      for (const auto slot : members) mass += now_.probability(slot);
      if (mass >= needed()) return only_skips(members);
    }
    return std::nullopt;
  }

  Conclusion only_skips(std::vector<std::uint32_t> members) const {
    std::ranges::stable_sort(members, std::ranges::greater{},
                             [&](std::uint32_t slot) { return now_.probability(slot); });
    Conclusion conclusion;
    conclusion.kind = Conclusion::Kind::only_skips_left;
    for (const auto slot : members) conclusion.suspects.push_back(q_.range.history.id(q_.lineage.at(slot)));
    conclusion.reason = "every candidate that could still tell cannot be tested; the culprit is one of " +
                        std::to_string(members.size());
    return with_ranking(std::move(conclusion));
  }

  Conclusion nothing_left() const {
    if (!belief_.terms().cannot.empty()) {
      std::vector<std::uint32_t> members;
      for (std::uint32_t slot = 0; slot < q_.lineage.size(); ++slot)
        if (now_.probability(slot) > k_still_suspect) members.push_back(slot);
      return only_skips(std::move(members));
    }
    Conclusion conclusion;
    conclusion.reason = "no candidate that can be asked would tell more";
    return with_ranking(std::move(conclusion));
  }

  // ---- the next runs

  // One way in which the running trials may end, drawn from the posterior as it is now.
  void suppose_running() {
    supposed_ = belief_.tried();
    supposed_ids_ = belief_.ids();
    std::uint64_t seed = q_.running.size();
    for (const auto& tried : supposed_) seed = seed * 31 + tried.shots.size();
    dice_ = Dice(seed);
    draw_world();
    for (const auto& running : belief_.in_flight()) {
      const double rate = rate_at(running.tried);
      const double fails = rate * (running.soaked - running.survived) / (1 - rate * running.survived);
      const bool failed = dice_.roll() < fails;
      supposed_[running.tried].shots.push_back({failed, running.soaked});
    }
  }

  void draw_world() {
    std::vector<double> masses;
    for (const auto& each : now_.classes()) masses.push_back(each.mass);
    world_ = dice_.pick(masses);
    const auto& each = now_.classes()[world_];
    p_ = now_.grid().rows()[dice_.pick(each.rows)].p;
    q_rate_ = now_.grid().floors()[dice_.pick(each.floors)].q;
  }

  double rate_at(std::size_t tried) const { return now_.classes()[world_].bad[tried] ? p_ : q_rate_; }

  // The same for one that is asked in this very plan.
  void suppose(const CandidateId& id, double reached) {
    auto found = std::ranges::find(supposed_ids_, id);
    if (found == supposed_ids_.end()) {
      Tried fresh;
      if (const auto at = q_.range.history.find(id)) fresh.slot = q_.lineage.slot(*at);
      supposed_.push_back(fresh);
      supposed_ids_.push_back(id);
      found = supposed_ids_.end() - 1;
    }
    auto& tried = supposed_[static_cast<std::size_t>(found - supposed_ids_.begin())];
    const auto shares = now_.shares_bad(tried.slot);
    const double rate = dice_.roll() < shares[world_] ? p_ : q_rate_;
    tried.shots.push_back({dice_.roll() < rate * reached, reached});
  }

  bool ask_best(Plan& plan) {
    const auto posterior = plan.asks.empty() && q_.running.empty() ? now_ : belief_.posterior(supposed_);
    const auto probes = best_probes(posterior, belief_.terms(), 1);
    if (probes.empty() || probes[0].untestable > k_hopeless) return false;
    const auto& probe = probes[0];
    const auto id =
        probe.tried ? supposed_ids_[*probe.tried] : q_.range.history.id(q_.lineage.at(probe.slot));
    Ask ask;
    ask.candidate = id;
    ask.purpose = probe.slot == Lineage::k_none ? Purpose::good_end : Purpose::search;
    ask.left = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(std::exp2(now_.bits()))));
    ask.steps = std::max(1., std::ceil(now_.bits() * probe.seconds / std::max(probe.bits, 1e-6) /
                                       std::max(probe.seconds / probe.runs, 1e-6)));
    if (probe.part < 1)
      ask.soak = milliseconds(static_cast<milliseconds::rep>(probe.part * belief_.terms().run * 1000));
    char text[128];
    std::snprintf(text, sizeof text, "bad with %.0f %%; up to %u %s tell %.2f bit in %.0f s", 100 * probe.bad,
                  probe.runs, probe.runs == 1 ? "run" : "runs", probe.bits, probe.seconds);
    ask.reason = text;
    plan.asks.push_back(std::move(ask));
    suppose(id, belief_.crash_time().reached(probe.part));
    return true;
  }

  // ---- what runs for nothing

  void find_pointless(Plan& plan) const {
    for (const auto& running : belief_.in_flight()) {
      const auto& it = *std::ranges::find(q_.running, running.trial, &Running::trial);
      if (it.purpose != Purpose::search) continue;
      if (std::ranges::any_of(plan.asks, [&](const Ask& a) { return a.candidate == it.candidate; })) continue;
      if (entropy(now_.bad_tried(running.tried)) < k_decided_bits) plan.pointless.push_back(running.trial);
    }
  }

  const Question& q_;
  Belief belief_;
  Posterior now_;
  bool must_wait_ = false;  // nothing can be said before an end has failed
  Dice dice_{0};
  std::vector<Tried> supposed_;
  std::vector<CandidateId> supposed_ids_;
  std::size_t world_ = 0;
  double p_ = 0, q_rate_ = 0;
};

}  // namespace

Plan plan_bayes(const Question& question) {
  return Planner(question).plan();
}

}  // namespace kverdict
