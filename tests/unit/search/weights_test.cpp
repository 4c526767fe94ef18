#include "orchestrator/core/search/weights.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/search/histories.hpp"

namespace kverdict {
namespace {

std::vector<std::uint32_t> by_walking(const History& history, const std::vector<bool>& member) {
  std::vector<std::uint32_t> counts(history.size());
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (!member[i]) continue;
    const auto reached = history.ancestors(position_at(i));
    for (std::size_t k = 0; k < reached.size(); ++k) counts[i] += reached[k] && member[k];
  }
  return counts;
}

TEST(Weights, OfAChainCountFromItsOldest) {
  const auto history = test::history_of(test::chain(5));
  EXPECT_EQ(ancestor_counts(history, std::vector<bool>(5, true)),
            (std::vector<std::uint32_t>{5, 4, 3, 2, 1}));
}

TEST(Weights, EqualAWalkPerCandidateOnRandomHistories) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    const unsigned size = 2 + random() % 700;
    const auto history = test::history_of(test::random_dag(random, size, 1 + random() % 20, random() % 60));
    const std::vector<bool> all(size, true);
    ASSERT_EQ(ancestor_counts(history, all), by_walking(history, all)) << "round " << round;
  }
}

TEST(Weights, CountOnlyMembers) {
  std::mt19937 random(2);
  for (int round = 0; round < 30; ++round) {
    const unsigned size = 50 + random() % 300;
    const auto history = test::history_of(test::random_dag(random, size, 6, 30));
    auto member = history.ancestors(position_at(random() % size));
    const auto good = history.ancestors(position_at(random() % size));
    for (std::size_t i = 0; i < size; ++i) member[i] = member[i] && !good[i];
    ASSERT_EQ(ancestor_counts(history, member), by_walking(history, member));
  }
}

// Forks and merges at every step leave nothing to fold: 20,000 segments.
TEST(Weights, OfALadderAreExact) {
  constexpr unsigned k_rungs = 10'000;
  std::vector<std::vector<unsigned>> parents{{}, {}};
  for (unsigned i = 1; i < k_rungs; ++i) {
    parents.push_back({2 * i - 2, 2 * i - 1});
    parents.push_back({2 * i - 1, 2 * i - 2});
  }
  const auto history = test::history_of(parents);
  const auto counts = ancestor_counts(history, std::vector<bool>(2 * k_rungs, true));
  for (unsigned number = 0; number < 2 * k_rungs; ++number)
    ASSERT_EQ(counts[2 * k_rungs - 1 - number], number / 2 * 2 + 1) << number;
}

// Many merges of two long lines at many heights: every one brings much that is new.
TEST(Weights, OfManyDeepMergesAreExact) {
  constexpr unsigned k_line = 3000;
  std::vector<std::vector<unsigned>> parents;
  for (unsigned i = 0; i < 2 * k_line; ++i)
    parents.push_back(i % k_line ? std::vector{i - 1} : std::vector<unsigned>{});
  for (unsigned i = 0; i < k_line; ++i) parents.push_back({k_line - 1 - i, 2 * k_line - 1 - i / 2});
  const auto history = test::history_of(parents);
  const auto counts = ancestor_counts(history, std::vector<bool>(3 * k_line, true));
  for (unsigned i = 0; i < k_line; ++i)
    ASSERT_EQ(counts[k_line - 1 - i], 1 + (k_line - i) + (k_line - i / 2)) << i;
}

}  // namespace
}  // namespace kverdict
