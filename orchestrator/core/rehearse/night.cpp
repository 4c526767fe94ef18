#include "orchestrator/core/rehearse/night.hpp"

#include <algorithm>
#include <cmath>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

constexpr unsigned k_most_trials = 20'000;  // a night that does not end is a night without a result

milliseconds as_time(double seconds) {
  return milliseconds(static_cast<milliseconds::rep>(std::lround(seconds * 1000)));
}

enum class Fate { passes, fails, dies, breaks, lost };

struct Trying {
  Running running;
  double loaded = 0;  // when it comes under load
  double ends = 0;
  double exposure = 0;  // at its end
  Fate fate = Fate::passes;
  unsigned machine = 0;
};

std::vector<bool> descendants(const History& history, Position of) {
  std::vector<bool> below(history.size());
  below[index_of(of)] = true;
  for (const auto p : history.topological())
    for (const auto parent : history.parents(p))
      if (below[index_of(parent)]) below[index_of(p)] = true;
  return below;
}

class Simulation {
 public:
  Simulation(const Range& range, const Lineage& lineage, const BisectRules& rules, const World& world,
             const Lab& lab, std::uint64_t seed, const Evidence& from)
      : range_(range),
        lineage_(lineage),
        rules_(rules),
        world_(world),
        lab_(lab),
        seed_(seed),
        chance_(seed),
        evidence_(from),
        busy_(lab.machines) {
    rules_.soak.longest = as_time(lab.run);
    costs_.build = as_time(lab.build);
    costs_.boot = as_time(lab.boot);
    costs_.run = as_time(lab.run);
    bad_ = descendants(range.history, world.culprit);
    if (rules.find == Find::fix) bad_.flip();
    for (unsigned m = 0; m < lab.machines; ++m)
      machine_rates_.push_back(chance_.normal() * world.machine_spread);
  }

  Night run() {
    while (night_.trials < k_most_trials) {
      const auto plan = make_plan(question());
      if (plan.conclusion) {
        finish(*plan.conclusion);
        break;
      }
      stop(plan.pointless);
      for (const auto& ask : plan.asks) start(ask);
      if (trying_.empty()) continue;
      const auto next = std::ranges::min_element(trying_, {}, &Trying::ends);
      now_ = next->ends;
      if (lab_.deadline > 0 && now_ > lab_.deadline) break;
      end(*next);
      trying_.erase(next);
    }
    night_.seconds = now_;
    return std::move(night_);
  }

 private:
  Question question() {
    std::vector<Running> running;
    for (auto& trying : trying_) {
      trying.running.booted = now_ >= trying.loaded - lab_.boot;
      trying.running.survived = as_time(std::max(0., now_ - trying.loaded));
      running.push_back(trying.running);
    }
    const auto free = lab_.machines - static_cast<unsigned>(trying_.size());
    return {range_, lineage_, evidence_, rules_, parents_of_, costs_, std::move(running), free};
  }

  void finish(const Conclusion& conclusion) {
    const auto& culprit = range_.history.id(world_.culprit);
    night_.right = conclusion.kind == Conclusion::Kind::only_skips_left
                       ? std::ranges::find(conclusion.suspects, culprit) != conclusion.suspects.end()
                       : conclusion.kind == Conclusion::Kind::found && conclusion.culprit == culprit;
    night_.conclusion = conclusion;
  }

  void stop(const std::vector<std::uint32_t>& pointless) {
    for (const auto trial : pointless) {
      const auto at = std::ranges::find(trying_, trial, [](const Trying& t) { return t.running.trial; });
      KV_CHECK(at != trying_.end());
      if (at->loaded < now_) record(*at, Run::Kind::clean, now_ - at->loaded);
      busy_[at->machine] = false;
      ++night_.stopped;
      trying_.erase(at);
    }
  }

  double rate_of(std::optional<Position> at, unsigned machine) const {
    const bool bad = at ? bad_[index_of(*at)] : rules_.find == Find::fix;
    const double mean = bad ? world_.rate : world_.false_alarms;
    if (!bad) return mean;
    double rate = mean;
    if (world_.spread > 0 && mean < 1) {
      // Beta with this mean and spread; of a build, so always the same for it.
      const double count = std::max(.5, mean * (1 - mean) / (world_.spread * world_.spread) - 1);
      rate = Chance(seed_ * 7919 + (at ? index_of(*at) : 0) + 17).beta(count * mean, count * (1 - mean));
    }
    return std::clamp(rate + machine_rates_[machine], world_.machine_spread > 0 ? .02 : 0., 1.);
  }

  void start(const Ask& ask) {
    const auto free = std::ranges::find(busy_, false);
    KV_CHECK(free != busy_.end());
    *free = true;
    Trying trying;
    trying.machine = static_cast<unsigned>(free - busy_.begin());
    trying.running = {++night_.trials, ask.candidate, ask.purpose, false, {}, ask.soak, {}};
    const auto at = range_.history.find(ask.candidate);
    const double ready = build(ask.candidate);
    trying.loaded = ready + lab_.boot;
    const double whole = lab_.run,
                 soak = ask.soak.count() > 0 ? static_cast<double>(ask.soak.count()) / 1000 : whole;
    trying.exposure = soak;
    if (at && !world_.untestable.empty() && world_.untestable[index_of(*at)]) {
      trying.fate = Fate::breaks;
      trying.exposure = 0;
      trying.loaded = ready;
    } else {
      if (chance_.happens(rate_of(at, trying.machine)))
        if (const double after = std::min(whole, chance_.exponential(world_.crash_after)); after <= soak)
          trying.fate = Fate::fails, trying.exposure = after;
      if (chance_.happens(world_.foreign))
        if (const double after = chance_.even() * whole; after < trying.exposure)
          trying.fate = Fate::dies, trying.exposure = after;
      if (chance_.happens(world_.lab_errors)) trying.fate = Fate::lost, trying.exposure *= chance_.even();
    }
    trying.ends = trying.loaded + trying.exposure;
    trying_.push_back(trying);
  }

  // When its image is there.
  double build(const CandidateId& id) {
    if (const auto known = built_.find(id); known != built_.end()) return std::max(now_, known->second);
    if (costs_.built.contains(id)) return now_;
    ++night_.builds;
    costs_.built.insert(id);
    return built_[id] = now_ + lab_.build;
  }

  void end(const Trying& trying) {
    busy_[trying.machine] = false;
    auto& standing = evidence_.standings[trying.running.candidate];
    switch (trying.fate) {
      case Fate::passes:
        ++standing.good;
        if (standing.verdict != Verdict::bad) standing.verdict = Verdict::good;
        return record(trying, Run::Kind::clean, trying.exposure);
      case Fate::fails:
        ++standing.bad;
        standing.verdict = Verdict::bad;
        return record(trying, Run::Kind::failed, trying.exposure);
      case Fate::dies:
        ++standing.skipped;
        ++standing.foreign;
        if (standing.verdict == Verdict::nothing) standing.verdict = Verdict::skip;
        return record(trying, Run::Kind::clean, trying.exposure);
      case Fate::breaks:
        ++standing.skipped;
        ++standing.broken;
        if (standing.verdict == Verdict::nothing) standing.verdict = Verdict::skip;
        return;
      case Fate::lost:
        ++standing.lab_errors;
        return;
    }
  }

  void record(const Trying& trying, Run::Kind kind, double exposure) {
    Run run{kind,  trying.running.trial,          as_time(exposure), trying.running.soak,
            false, std::to_string(trying.machine)};
    run.whole = kind == Run::Kind::clean && exposure >= lab_.run;
    evidence_.standings[trying.running.candidate].record.push_back(std::move(run));
  }

  const Range& range_;
  const Lineage& lineage_;
  BisectRules rules_;
  const World& world_;
  const Lab& lab_;
  std::uint64_t seed_;
  Chance chance_;
  Evidence evidence_;
  std::vector<bool> bad_, busy_;
  std::vector<double> machine_rates_;
  ParentsOf parents_of_ = [this](const CandidateId& id) {
    std::vector<CandidateId> parents;
    if (const auto at = range_.history.find(id))
      for (const auto parent : range_.history.parents(*at)) parents.push_back(range_.history.id(parent));
    return parents;
  };
  Costs costs_;
  std::map<CandidateId, double> built_;
  std::vector<Trying> trying_;
  double now_ = 0;
  Night night_;
};

}  // namespace

Night rehearse_night(const Range& range, const Lineage& lineage, const BisectRules& rules, const World& world,
                     const Lab& lab, std::uint64_t seed, const Evidence& from) {
  return Simulation(range, lineage, rules, world, lab, seed, from).run();
}

}  // namespace kverdict
