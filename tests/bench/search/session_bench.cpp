// Whole sessions of method bayes against worlds whose truth is known, beside other ways to search, in the
// same run and with fixed seeds. One line a row: trials and time in the mean, how many were wrong, and the
// goal.
//
//   bench_sessions [sessions a row] [part of a row's name]
//
// A clean run and a build take 60 s, a crash comes after 20 s in the mean, starting costs nothing. Exit 1
// when a goal is missed. Histories with merges get a twentieth of the sessions. The seeds are not those on
// which anything was tuned.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "orchestrator/core/rehearse/night.hpp"
#include "tests/bench/search/kernel_like.hpp"
#include "tests/bench/search/rivals.hpp"

namespace kverdict {
namespace {

using bench::Row;

constexpr std::uint64_t k_seed = 20'260'101;

struct Ground {
  Range range;
  Lineage lineage;

  explicit Ground(const std::vector<std::vector<unsigned>>& parents)
      : range(make(parents)), lineage(range.history) {}

  static Range make(const std::vector<std::vector<unsigned>>& parents) {
    History::Builder builder;
    for (auto i = parents.size(); i-- > 0;) {
      std::vector<CandidateId> ids;
      for (const auto parent : parents[i]) ids.push_back({std::to_string(parent)});
      builder.add({std::to_string(i)}, std::move(ids));
    }
    Range range;
    range.history = std::move(builder).build();
    range.bad = {std::to_string(parents.size() - 1)};
    range.goods = {{"good"}};
    return range;
  }

  static std::vector<std::vector<unsigned>> line(unsigned size) {
    std::vector<std::vector<unsigned>> parents(size);
    for (unsigned i = 1; i < size; ++i) parents[i] = {i - 1};
    return parents;
  }
};

struct Goal {
  double trials = 0, seconds = 0, wrong = .01, trials_95 = 0;  // 0 = none
};

struct Case {
  Row row;
  Goal goal;
  unsigned machines = 1;
  unsigned known_failures = 0;
  double untestable = 0, stretch = 50;
  double spread = 0, machine_spread = 0, lab_errors = 0;
  bool merges = false;
  bool rivals = false;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Result {
  double trials = 0, seconds = 0, builds = 0, wrong = 0, trials_95 = 0, choice_ms = 0;
};

std::vector<bool> broken_stretches(unsigned size, double share, double stretch, Chance& chance) {
  std::vector<bool> broken(size);
  bool now = chance.happens(share);
  for (unsigned i = 0; i < size; ++i) {
    broken[i] = now;
    if (chance.happens(now ? 1 / stretch : share / (1 - share) / stretch)) now = !now;
  }
  broken[0] = false;  // the bad end
  return broken;
}

Result ours(const Case& of, const Ground& ground, unsigned sessions) {
  Result result;
  std::vector<double> trials;
  const double start = cpu_seconds();
  for (unsigned i = 0; i < sessions; ++i) {
    Chance chance(k_seed + i);
    World world;
    world.culprit = position_at(chance.below(static_cast<std::uint32_t>(ground.range.history.size())));
    world.rate = of.row.p, world.false_alarms = of.row.q, world.foreign = of.row.foreign;
    world.spread = of.spread, world.machine_spread = of.machine_spread, world.lab_errors = of.lab_errors;
    if (of.untestable > 0)
      world.untestable = broken_stretches(ground.lineage.size(), of.untestable, of.stretch, chance);
    BisectRules rules;
    rules.method = Method::bayes;
    rules.ends = Ends::trusted;
    while (rules.known.failed < of.known_failures)
      ++(chance.happens(world.rate) ? rules.known.failed : rules.known.passed);
    Lab lab;
    lab.machines = of.machines;
    const auto night = rehearse_night(ground.range, ground.lineage, rules, world, lab, k_seed * 3 + i);
    trials.push_back(night.trials);
    result.trials += night.trials / static_cast<double>(sessions);
    result.seconds += night.seconds / sessions;
    result.builds += night.builds / static_cast<double>(sessions);
    result.wrong += (night.right ? 0 : 1) / static_cast<double>(sessions);
  }
  result.choice_ms = 1000 * (cpu_seconds() - start) / (result.trials * sessions);
  std::ranges::sort(trials);
  result.trials_95 = trials[trials.size() * 95 / 100];
  return result;
}

void print_rivals(const Case& of, unsigned sessions) {
  using Rival = bench::Tally (*)(const Row&, unsigned, Chance&);
  const std::pair<const char*, Rival> rivals[] = {{"git, oracle", bench::git_with_oracle},
                                                  {"estimate first", bench::estimate_first},
                                                  {"any of ten", bench::any_of_ten},
                                                  {"greedy entropy", bench::greedy_entropy}};
  for (const auto& [name, rival] : rivals) {
    const auto count = rival == bench::greedy_entropy ? std::min(sessions, 200U) : sessions;
    bench::Tally sum;
    unsigned right = 0;
    for (unsigned i = 0; i < count; ++i) {
      Chance chance(k_seed + i);
      const auto culprit = of.row.size - 1 - chance.below(of.row.size);
      const auto tally = rival(of.row, culprit, chance);
      sum.trials += tally.trials / count;
      sum.seconds += tally.seconds / count;
      right += tally.right;
    }
    std::printf("    %-16s %8.1f trials %9.0f s   right %5.1f %%  (%u)\n", name, sum.trials, sum.seconds,
                100. * right / count, count);
  }
}

bool run(const Case& of, unsigned sessions) {
  const Ground ground(of.merges ? test::kernel_like(of.row.size, of.row.size * 46 / 140)
                                : Ground::line(of.row.size));
  const auto result = ours(of, ground, of.merges ? std::max(20U, sessions / 20) : sessions);
  const auto& goal = of.goal;
  const bool ok = (goal.trials == 0 || result.trials <= goal.trials) &&
                  (goal.seconds == 0 || result.seconds <= goal.seconds) && result.wrong <= goal.wrong &&
                  (goal.trials_95 == 0 || result.trials_95 <= goal.trials_95);
  std::printf(
      "%-34s %6.1f trials (95th %3.0f)%s %7.0f s%s  builds %5.1f  wrong %.2f %% (%.1f)  %.2f ms  %s\n",
      of.row.name, result.trials, result.trials_95,
      goal.trials > 0 ? (" <= " + std::to_string(static_cast<int>(goal.trials))).c_str() : "", result.seconds,
      goal.seconds > 0 ? (" <= " + std::to_string(static_cast<int>(goal.seconds))).c_str() : "",
      result.builds, 100 * result.wrong, 100 * goal.wrong, result.choice_ms, ok ? "ok" : "MISSED");
  if (of.rivals) print_rivals(of, sessions);
  std::fflush(stdout);
  return ok;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto add = [&](Case each) { all.push_back(each); };
  add({.row = {"always", 1000, 1}, .goal = {18, 1300}, .rivals = true});
  add({.row = {"half", 1000, .5}, .goal = {57, 3400}, .rivals = true});
  add({.row = {"half, foreign crashes", 1000, .5, 0, .03}, .goal = {60, 3600}, .rivals = true});
  add({.row = {"third", 1000, .3}, .goal = {107, 6000}, .rivals = true});
  add({.row = {"third, five known", 1000, .3}, .goal = {89, 5300}, .known_failures = 5});
  add({.row = {"third, false alarms", 1000, .3, .01}, .goal = {142, 8200}, .rivals = true});
  add({.row = {"tenth", 1000, .1}, .goal = {357, 19500}, .rivals = true});
  add({.row = {"always, tenth untestable", 1000, 1}, .goal = {18, 0, .01, 25}, .untestable = .1});
  add({.row = {"release, third", 14000, .3}, .goal = {130, 7800}});
  add({.row = {"4 machines, third", 1000, .3}, .goal = {0, 1750, .015}, .machines = 4});
  add({.row = {"8 machines, third", 1000, .3}, .goal = {0, 940, .015}, .machines = 8});
  add({.row = {"16 machines, third", 1000, .3}, .goal = {0, 520, .015}, .machines = 16});
  add({.row = {"merges, always", 14000, 1}, .goal = {}, .merges = true});
  add({.row = {"merges, third", 14000, .3}, .goal = {137}, .merges = true});
  add({.row = {"builds differ, half", 1000, .5}, .goal = {0, 0, .015}, .spread = .1});
  add({.row = {"builds differ, third", 1000, .3}, .goal = {0, 0, .015}, .spread = .1});
  add({.row = {"machines differ, third", 1000, .3},
       .goal = {0, 0, .015},
       .machines = 4,
       .machine_spread = .1});
  add({.row = {"lab errors, third", 1000, .3}, .goal = {0, 0, .015}, .lab_errors = .05});
  add({.row = {"clusters untestable, third", 1000, .3}, .goal = {0, 0, .015}, .untestable = .1});
  return all;
}

}  // namespace
}  // namespace kverdict

int main(int argc, char** argv) {
  const unsigned sessions = argc > 1 ? static_cast<unsigned>(std::max(20, std::atoi(argv[1]))) : 1000;
  bool ok = true;
  for (const auto& each : kverdict::cases())
    if (argc < 3 || std::strstr(each.row.name, argv[2]) != nullptr) ok = kverdict::run(each, sessions) && ok;
  return ok ? 0 : 1;
}
