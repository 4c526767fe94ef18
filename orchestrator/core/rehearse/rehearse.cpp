#include "orchestrator/core/rehearse/rehearse.hpp"

#include <algorithm>
#include <cstdio>

#include "orchestrator/core/question/belief.hpp"

namespace kverdict {
namespace {

// A truth, drawn from what is believed.
class Truths {
 public:
  Truths(const Range& range, const Lineage& lineage, const BisectRules& rules, const Assumptions& assumptions,
         const Lab& lab, const Evidence& evidence)
      : range_(range), lineage_(lineage), assumptions_(assumptions) {
    Costs costs;
    costs.run = std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(lab.run * 1000));
    const ParentsOf no_parents = [](const CandidateId&) { return std::vector<CandidateId>{}; };
    const Question question{range, lineage, evidence, rules, no_parents, costs};
    const Belief belief(question);
    const auto posterior = belief.now();
    double sum = 0;
    for (std::uint32_t slot = 0; slot < lineage.size(); ++slot)
      sums_.push_back(sum += posterior.probability(slot));
    for (std::size_t r = 0; r < posterior.grid().rows().size(); ++r) {
      double mass = 0;
      for (const auto& each : posterior.classes()) mass += each.mass * each.rows[r];
      rates_.push_back({posterior.grid().rows()[r].p, (rates_.empty() ? 0 : rates_.back().until) + mass});
    }
    for (const auto& [id, standing] : evidence.standings)
      if (const auto at = range.history.find(id)) known_.push_back({*at, standing.untestable()});
  }

  World draw(Chance& chance) const {
    World world;
    const auto at = std::ranges::lower_bound(sums_, chance.even() * sums_.back()) - sums_.begin();
    world.culprit = lineage_.at(std::min(static_cast<std::uint32_t>(at), lineage_.size() - 1));
    world.rate = assumptions_.rate ? *assumptions_.rate : draw_rate(chance);
    world.false_alarms = assumptions_.false_alarms;
    world.foreign = assumptions_.foreign;
    world.lab_errors = assumptions_.lab_errors;
    world.spread = assumptions_.spread;
    world.machine_spread = assumptions_.machine_spread;
    world.crash_after = assumptions_.crash_after;
    if (assumptions_.untestable > 0) world.untestable = draw_untestable(chance);
    return world;
  }

 private:
  struct Rate {
    double p, until;
  };

  double draw_rate(Chance& chance) const {
    const double at = chance.even() * rates_.back().until;
    return std::ranges::find_if(rates_, [&](const Rate& r) { return at < r.until; })->p;
  }

  std::vector<bool> draw_untestable(Chance& chance) const {
    const double share = std::min(assumptions_.untestable, .9);
    const double leave = 1 / std::max(1., assumptions_.stretch), enter = leave * share / (1 - share);
    std::vector<bool> by_slot(lineage_.size());
    bool broken = chance.happens(share);
    for (auto slot = 0U; slot < lineage_.size(); ++slot) {
      by_slot[slot] = broken;
      if (chance.happens(broken ? leave : enter)) broken = !broken;
    }
    std::vector<bool> untestable(lineage_.size());
    for (auto slot = 0U; slot < lineage_.size(); ++slot)
      untestable[index_of(lineage_.at(slot))] = by_slot[slot];
    for (const auto& [at, is_broken] : known_) untestable[index_of(at)] = is_broken;
    if (const auto end = range_.history.find(range_.bad)) untestable[index_of(*end)] = false;
    return untestable;
  }

  const Range& range_;
  const Lineage& lineage_;
  const Assumptions& assumptions_;
  std::vector<double> sums_;
  std::vector<Rate> rates_;
  struct Known {
    Position at;
    bool broken;
  };
  std::vector<Known> known_;
};

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at =
      std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())));
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
  return values[at];
}

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0f %%", 100 * share);
  return text;
}

// How a kind of night did against all of them.
struct Kind {
  const char* name;
  unsigned nights = 0, right = 0;
  double seconds = 0;
};

void find_weak_spots(Rehearsal& rehearsal, std::span<const Kind> kinds, double mean_seconds) {
  for (const auto& kind : kinds) {
    if (kind.nights < 10) continue;
    const double right = static_cast<double>(kind.right) / kind.nights;
    const double slow = kind.seconds / kind.nights / std::max(mean_seconds, 1.);
    if (right < .95)
      rehearsal.weak_spots.push_back(std::string(kind.name) + ": right in only " + percent(right));
    char text[96];
    std::snprintf(text, sizeof text, "%s: takes %.1f times as long as the average night", kind.name, slow);
    if (slow > 2) rehearsal.weak_spots.push_back(text);
  }
}

}  // namespace

Rehearsal rehearse(const Range& range, const Lineage& lineage, const BisectRules& rules,
                   const Assumptions& assumptions, const Lab& lab, const Evidence& evidence,
                   const RehearsalLimits& limits) {
  Rehearsal rehearsal;
  const Truths truths(range, lineage, rules, assumptions, lab, evidence);
  Kind kinds[] = {{"a bug that shows in fewer than 1 of 10 runs"},
                  {"a bug that shows in 1 to 5 of 10 runs"},
                  {"a culprit that cannot be tested itself"}};
  std::vector<double> ended;
  double seconds = 0;
  for (unsigned i = 0; i < limits.nights; ++i) {
    Chance chance(limits.seed * 1'000'003 + i);
    const auto world = truths.draw(chance);
    const auto night = rehearse_night(range, lineage, rules, world, lab, limits.seed * 7'919 + i, evidence);
    const bool named = night.conclusion && (night.conclusion->kind == Conclusion::Kind::found ||
                                            night.conclusion->kind == Conclusion::Kind::only_skips_left);
    ++rehearsal.nights;
    ++(night.right ? rehearsal.right : named ? rehearsal.wrong : rehearsal.undecided);
    rehearsal.mean_trials += night.trials;
    rehearsal.mean_builds += night.builds;
    seconds += night.seconds;
    if (named) ended.push_back(night.seconds);
    const bool hidden = !world.untestable.empty() && world.untestable[index_of(world.culprit)];
    const auto note = [&](Kind& kind) {
      ++kind.nights, kind.right += night.right, kind.seconds += night.seconds;
    };
    if (world.rate < .1)
      note(kinds[0]);
    else if (world.rate <= .5)
      note(kinds[1]);
    if (hidden) note(kinds[2]);
  }
  const double nights = std::max(1U, rehearsal.nights);
  rehearsal.mean_trials /= nights;
  rehearsal.mean_builds /= nights;
  rehearsal.median_seconds = quantile(ended, .5);
  rehearsal.late_seconds = quantile(ended, .9);
  find_weak_spots(rehearsal, kinds, seconds / nights);
  if (rehearsal.undecided > 0)
    rehearsal.weak_spots.push_back(percent(rehearsal.undecided / nights) +
                                   " of the nights end without an answer");
  return rehearsal;
}

}  // namespace kverdict
