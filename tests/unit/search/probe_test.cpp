#include "orchestrator/core/search/probe.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/search/histories.hpp"

namespace kverdict {
namespace {

using test::chain;
using test::history_of;
using test::random_dag;

constexpr Shot k_failed{true, 1}, k_clean{false, 1};

struct Ground {
  History history;
  Lineage lineage{history};
  Prior prior{lineage, {}};
  CrashTime crash_time{{}};
  Terms terms;

  explicit Ground(History h) : history(std::move(h)) { terms.crash_time = &crash_time; }

  Posterior after(std::vector<Tried> tried) const {
    return {lineage, prior, rate_grid(RateKind::never_before), Turn::to_bad, std::move(tried)};
  }
  std::vector<Probe> probes(std::vector<Tried> tried, std::size_t n = 1) const {
    return best_probes(after(std::move(tried)), terms, n);
  }
};

std::vector<Tried> surely_bad_tip(std::uint32_t tip) {
  return {{tip, std::vector<Shot>(12, k_failed), {}, {}}};
}

TEST(Probe, HalvesTheHistoryWhenTheBugAlwaysShows) {
  const Ground ground(history_of(chain(200)));
  const auto probe = ground.probes(surely_bad_tip(199)).at(0);
  EXPECT_NEAR(probe.slot, 100, 8);
  EXPECT_NEAR(probe.bad, .5, .05);
}

TEST(Probe, LooksOnTheNewerSideOfTheMiddleWhenTheBugShowsSometimes) {
  const Ground ground(history_of(chain(200)));
  std::vector<Shot> sometimes(30, k_clean);
  for (int i = 0; i < 6; ++i) sometimes[static_cast<std::size_t>(i)] = k_failed;
  // A newer candidate is more probably bad; the optimum is below one half.
  EXPECT_LT(ground.probes({{199, sometimes, {}, {}}}).at(0).bad, .5);
}

TEST(Probe, RepeatsWhatIsBuiltRatherThanPayAHugeBuild) {
  Ground ground(history_of(chain(200)));
  const std::vector<Tried> tried{{199, {k_failed, k_clean, k_clean}, {}, {}}, {90, {k_clean}, {}, {}}};
  ground.terms.build = 1e5;
  EXPECT_EQ(ground.probes(tried).at(0).slot, 90U);
  ground.terms.build = 1;
  EXPECT_NE(ground.probes(tried).at(0).slot, 90U);
}

TEST(Probe, TakesTheCachedImageNearTheBestPlace) {
  Ground ground(history_of(chain(200)));
  ground.terms.build = 600;
  ground.terms.built = {93};
  EXPECT_EQ(ground.probes(surely_bad_tip(199)).at(0).slot, 93U);
}

TEST(Probe, GoesAroundWhatCannotBeTested) {
  Ground ground(history_of(chain(200)));
  ground.terms.cannot = {100};
  ground.terms.untestable.assign(200, .02);
  for (std::uint32_t slot = 85; slot < 115; ++slot) ground.terms.untestable[slot] = .9;
  const auto slot = ground.probes(surely_bad_tip(199)).at(0).slot;
  EXPECT_TRUE(slot < 85 || slot >= 115) << slot;
}

TEST(Probe, ShortensRunsOnlyOnceCrashesWereTimed) {
  Ground ground(history_of(chain(200)));
  const std::vector<Tried> tried{{199, {k_failed, k_clean, k_failed}, {}, {}}, {90, {k_clean}, {}, {}}};
  ground.terms.shortest_part = .1;
  EXPECT_EQ(ground.probes(tried).at(0).part, 1);
  const CrashTime early(std::vector<TimedCrash>(10, {.05, 1}));
  ground.terms.crash_time = &early;
  EXPECT_LT(ground.probes(tried).at(0).part, 1);
}

TEST(Probe, FindsWithMergesWhatALookAtEveryCandidateFinds) {
  std::mt19937 random(11);
  for (int round = 0; round < 2; ++round) {
    const Ground ground(history_of(random_dag(random, 120, 12, 30)));
    auto tried = surely_bad_tip(ground.lineage.slot(position_at(0)));
    tried.push_back({ground.lineage.slot(position_at(60)), {k_clean, k_clean}, {}, {}});
    const auto best = ground.probes(tried).at(0);
    double most = 0;
    for (std::uint32_t slot = 0; slot < ground.lineage.size(); ++slot) {
      Ground only = Ground(ground.history);
      only.terms.build = ground.terms.build;
      for (std::uint32_t other = 0; other < ground.lineage.size(); ++other)
        if (other != slot) only.terms.cannot.push_back(other);
      for (const auto& probe : only.probes(tried))
        if (probe.slot == slot) most = std::max(most, probe.score);
    }
    EXPECT_GT(best.score, .97 * most);
  }
}

}  // namespace
}  // namespace kverdict
