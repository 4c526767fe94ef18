#include "orchestrator/core/search/lineage.hpp"

#include <gtest/gtest.h>

#include "tests/unit/search/histories.hpp"

namespace kverdict {
namespace {

using test::chain;
using test::history_of;
using test::random_dag;

bool same_ancestors(const History& history, const Lineage& lineage, Position p) {
  const auto ancestors = history.ancestors(p);
  const auto reach = lineage.reach(lineage.slot(p));
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto slot = lineage.slot(position_at(i));
    if (ancestors[i] != (slot < reach[lineage.chain_of(slot)])) return false;
  }
  return true;
}

// The sums by the recursion that the class promises, against a count of the ancestors.
bool same_sums(const History& history, const Lineage& lineage) {
  std::vector<std::uint64_t> sums(history.size());
  for (const auto& stretch : lineage.stretches()) {
    std::uint64_t sum = stretch.base == Lineage::k_none ? 0 : sums[stretch.base];
    for (const auto& span : lineage.spans(stretch)) sum += span.end - span.begin;
    for (auto slot = stretch.begin; slot < stretch.end; ++slot) sums[slot] = ++sum;
  }
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto ancestors = history.ancestors(position_at(i));
    if (sums[lineage.slot(position_at(i))] !=
        static_cast<std::uint64_t>(std::count(ancestors.begin(), ancestors.end(), true)))
      return false;
  }
  return true;
}

TEST(Lineage, OfALineIsOneChainOldestFirst) {
  const auto history = history_of(chain(9));
  const Lineage lineage(history);
  EXPECT_EQ(lineage.chains(), 1U);
  EXPECT_EQ(lineage.stretches().size(), 1U);
  EXPECT_EQ(history.id(lineage.at(0)).value, "0");
}

TEST(Lineage, ReachesExactlyTheAncestorsInHistoriesWithMerges) {
  std::mt19937 random(7);
  for (const unsigned percent : {0U, 10U, 40U, 90U}) {
    const auto history = history_of(random_dag(random, 400, 12, percent));
    const Lineage lineage(history);
    for (std::size_t i = 0; i < history.size(); ++i)
      ASSERT_TRUE(same_ancestors(history, lineage, position_at(i))) << percent << " % merges, " << i;
  }
}

TEST(Lineage, SumsOverAncestorsInOnePass) {
  std::mt19937 random(8);
  for (const unsigned percent : {5U, 33U, 80U}) {
    const auto history = history_of(random_dag(random, 600, 90, percent));
    EXPECT_TRUE(same_sums(history, Lineage(history))) << percent << " % merges";
  }
}

}  // namespace
}  // namespace kverdict
