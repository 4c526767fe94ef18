#include "orchestrator/core/model/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/model/verdict.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Newest first, as git lists: e merges c and d, both from b; b's parent is outside.
History diamond() {
  History::Builder builder;
  builder.add({"e"}, {{"c"}, {"d"}});
  builder.add({"d"}, {{"b"}});
  builder.add({"c"}, {{"b"}});
  builder.add({"b"}, {{"outside"}});
  return std::move(builder).build();
}

constexpr Position k_e{0}, k_d{1}, k_c{2}, k_b{3};

TEST(History, KeepsTheOrderOfItsSourceAndTheOrderOfParents) {
  const auto history = diamond();
  EXPECT_EQ(history.size(), 4U);
  EXPECT_EQ(history.find({"c"}), k_c);
  EXPECT_EQ(history.find({"outside"}), std::nullopt);
  EXPECT_THAT(history.parents(k_e), ElementsAre(k_c, k_d));
  EXPECT_THAT(history.children(k_b), ElementsAre(k_d, k_c));
  EXPECT_THAT(history.parents(k_b), ElementsAre());
}

TEST(History, PlacesParentsBeforeChildren) {
  EXPECT_THAT(diamond().topological(), ElementsAre(k_b, k_c, k_d, k_e));
}

TEST(History, KnowsAncestors) {
  const auto history = diamond();
  EXPECT_THAT(history.ancestors(k_c), ElementsAre(false, false, true, true));
  EXPECT_TRUE(history.is_ancestor(k_b, k_e));
  EXPECT_TRUE(history.is_ancestor(k_d, k_d));
  EXPECT_FALSE(history.is_ancestor(k_d, k_c));
}

TEST(History, RefusesDuplicatesAndCycles) {
  History::Builder twice;
  twice.add({"a"}, {});
  twice.add({"a"}, {});
  EXPECT_THAT([&] { std::move(twice).build(); },
              testing::ThrowsMessage<UsageError>(HasSubstr("a is listed twice")));
  History::Builder circle;
  circle.add({"a"}, {{"b"}});
  circle.add({"b"}, {{"a"}});
  EXPECT_THAT([&] { std::move(circle).build(); }, testing::ThrowsMessage<UsageError>(HasSubstr("cycle")));
  History::Builder own_parent;
  own_parent.add({"a"}, {{"a"}});
  EXPECT_THROW(std::move(own_parent).build(), UsageError);
}

TEST(History, MayBeEmpty) {
  EXPECT_TRUE(History::Builder().build().empty());
  EXPECT_TRUE(History().empty());
}

TEST(Verdict, HasAWordForEach) {
  EXPECT_STREQ(to_string(Verdict::nothing), "nothing");
  EXPECT_STREQ(to_string(Verdict::skip), "skip");
}

}  // namespace
}  // namespace kverdict
