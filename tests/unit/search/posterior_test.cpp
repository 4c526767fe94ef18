#include "orchestrator/core/search/posterior.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/search/histories.hpp"

namespace kverdict {
namespace {

using test::chain;
using test::history_of;
using test::random_dag;

double likelihood(const Tried& tried, bool bad, const RateGrid& grid, const RateGrid::Row& row, double q) {
  const auto with = [&](double rate) {
    double product = 1;
    for (const auto& shot : tried.shots) product *= shot.failed ? rate : 1 - rate * shot.reached;
    return product;
  };
  if (!bad) return with(q);
  double sum = 0;
  for (std::size_t s = row.begin; s < row.end; ++s) sum += row.share[s - row.begin] * with(grid.support()[s]);
  return sum;
}

// Candidate by candidate, cell by cell, from the definition.
std::vector<double> by_definition(const History& history, const Lineage& lineage, const RateGrid& grid,
                                  const std::vector<Tried>& tried, Turn turn) {
  std::vector<double> result(history.size());
  for (std::size_t c = 0; c < history.size(); ++c)
    for (std::size_t r = 0; r < grid.rows().size(); ++r)
      for (std::size_t f = 0; f < grid.floors().size(); ++f) {
        double product = grid.weight(r, f);
        for (const auto& each : tried) {
          const bool below =
              each.slot != Lineage::k_none && history.is_ancestor(position_at(c), lineage.at(each.slot));
          product *=
              likelihood(each, below == (turn == Turn::to_bad), grid, grid.rows()[r], grid.floors()[f].q);
        }
        result[c] += product;
      }
  double sum = 0;
  for (const double value : result) sum += value;
  for (auto& value : result) value /= sum;
  return result;
}

std::vector<Tried> random_runs(std::mt19937& random, unsigned size, unsigned candidates) {
  std::vector<Tried> tried;
  for (unsigned i = 0; i < candidates; ++i) {
    Tried each{static_cast<std::uint32_t>((random() + i) % size), {}, {}, {}};
    if (std::ranges::find(tried, each.slot, &Tried::slot) != tried.end()) continue;
    for (auto runs = 1 + random() % 4; runs > 0; --runs)
      each.shots.push_back({random() % 3 == 0, static_cast<double>(random() % 11) / 10});
    tried.push_back(std::move(each));
  }
  return tried;
}

void expect_as_defined(const History& history, std::mt19937& random, RateKind kind, Turn turn) {
  const Lineage lineage(history);
  const Prior prior(lineage, {});
  const auto tried = random_runs(random, lineage.size(), 6);
  const Posterior posterior(lineage, prior, rate_grid(kind), turn, tried);
  const auto expected = by_definition(history, lineage, rate_grid(kind), tried, turn);
  for (std::uint32_t slot = 0; slot < lineage.size(); ++slot)
    ASSERT_NEAR(posterior.probability(slot) / (1 - posterior.nowhere()), expected[index_of(lineage.at(slot))],
                1e-9);
}

TEST(Posterior, IsTheDefinitionOnLinesAndOnHistoriesWithMerges) {
  std::mt19937 random(3);
  for (int round = 0; round < 6; ++round) {
    expect_as_defined(history_of(chain(40)), random, RateKind::never_before, Turn::to_bad);
    expect_as_defined(history_of(random_dag(random, 60, 7, 35)), random, RateKind::never_before,
                      Turn::to_bad);
    expect_as_defined(history_of(random_dag(random, 60, 7, 35)), random, RateKind::any_change, Turn::to_bad);
    expect_as_defined(history_of(random_dag(random, 60, 7, 35)), random, RateKind::never_before,
                      Turn::to_good);
  }
}

struct OnLine {
  History history = history_of(chain(100));
  Lineage lineage{history};
  Prior prior{lineage, {}};

  Posterior after(std::vector<Tried> tried) const {
    return {lineage, prior, rate_grid(RateKind::never_before), Turn::to_bad, std::move(tried)};
  }
};

TEST(Posterior, TakesALongCleanRunForMoreThanAShortOne) {
  const OnLine line;
  const auto after = [&](double reached) {
    return line.after({{99, {{true, 1}, {true, 1}}, {}, {}}, {50, {{false, reached}}, {}, {}}}).bad(50);
  };
  EXPECT_LT(after(1), after(.5));
  EXPECT_LT(after(.5), after(.1));
  EXPECT_NEAR(after(0), .51, .01);
}

TEST(Posterior, BelievesAPersonsWordOverRuns) {
  const OnLine line;
  EXPECT_LT(line.after({{50, {{true, 1}, {true, 1}}, false, {}}}).bad(50), .01);
  EXPECT_GT(line.after({{50, {{false, 1}, {false, 1}}, true, {}}}).bad(50), .99);
}

TEST(Posterior, PutsTwinsOnTheSameSide) {
  const OnLine line;
  const auto posterior = line.after({{20, {{true, 1}, {true, 1}}, {}, {}}, {60, {}, {}, 0}, {10, {}, {}, 0}});
  EXPECT_GT(posterior.bad(10), .95);  // as bad as its twin
  EXPECT_GT(posterior.bad(60), .99);
}

TEST(Posterior, SuspectsTheEndsWhenTheGoodEndFailsLikeTheBadOne) {
  const OnLine line;
  const std::vector<Shot> often{{true, 1}, {true, 1}, {false, 1}, {true, 1}};
  EXPECT_LT(line.after({{99, often, {}, {}}, {Lineage::k_none, {{false, 1}}, {}, {}}}).nowhere(), .01);
  EXPECT_GT(line.after({{99, often, {}, {}}, {Lineage::k_none, often, {}, {}}}).nowhere(), .9);
}

TEST(Posterior, PrefersWhatThePriorPrefersAndNeverRulesOutTheRest) {
  const OnLine line;
  std::vector<double> weights(100, 0);
  weights[0] = 1;  // the newest
  const Prior prior(line.lineage, weights);
  const Posterior posterior(line.lineage, prior, rate_grid(RateKind::never_before), Turn::to_bad, {});
  EXPECT_NEAR(posterior.probability(99), .8, .01);
  EXPECT_NEAR(posterior.probability(5), .002, .0005);
}

}  // namespace
}  // namespace kverdict
