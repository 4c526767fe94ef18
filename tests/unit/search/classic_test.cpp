// What classic promises beyond git's answers (those are compared with git itself in tests/adapter/git).
#include "orchestrator/core/search/classic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/search/histories.hpp"

namespace kverdict {
namespace {

using Kind = Choice::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Position k_tip{0};

TEST(Classic, AsksForTheBadEndFirst) {
  const auto history = test::history_of(test::chain(5));
  const auto choice = choose_classic(history, {});
  EXPECT_EQ(choice.kind, Kind::ask);
  EXPECT_EQ(choice.candidate, k_tip);
}

TEST(Classic, FindsTheOnlyCandidateLeft) {
  const auto history = test::history_of(test::chain(5));
  const auto choice = choose_classic(history, {{Position{2}, Verdict::bad}, {Position{3}, Verdict::good}});
  EXPECT_EQ(choice.kind, Kind::found);
  EXPECT_EQ(choice.candidate, Position{2});
  EXPECT_EQ(choice.left, 1U);
}

TEST(Classic, IgnoresAnswersThatSayNothing) {
  const auto history = test::history_of(test::chain(9));
  const std::vector<Asked> bad{{k_tip, Verdict::bad}};
  auto more = bad;
  more.push_back({Position{4}, Verdict::nothing});
  EXPECT_EQ(choose_classic(history, more).candidate, choose_classic(history, bad).candidate);
}

TEST(Classic, SaysWhenAnswersContradictEachOther) {
  const auto history = test::history_of(test::chain(5));
  const auto choice = choose_classic(history, {{Position{3}, Verdict::bad}, {Position{1}, Verdict::good}});
  EXPECT_EQ(choice.kind, Kind::only_skips_left);
  EXPECT_THAT(choice.suspects, IsEmpty());
  EXPECT_THAT(choice.reason, testing::HasSubstr("contradict"));
}

TEST(Classic, ListsTheSuspectsWhenOnlySkipsAreLeft) {
  const auto history = test::history_of(test::chain(5));
  const auto choice = choose_classic(history, {{Position{1}, Verdict::bad},
                                               {Position{4}, Verdict::good},
                                               {Position{2}, Verdict::skip},
                                               {Position{3}, Verdict::skip}});
  EXPECT_EQ(choice.kind, Kind::only_skips_left);
  EXPECT_THAT(choice.suspects, ElementsAre(Position{1}, Position{2}, Position{3}));
}

TEST(Classic, KeepsAwayFromASkippedStretch) {
  const auto history = test::history_of(test::chain(100));
  const auto choice = choose_classic(history, {{k_tip, Verdict::bad}, {Position{50}, Verdict::skip}});
  EXPECT_EQ(choice.kind, Kind::ask);
  EXPECT_GT(std::abs(static_cast<int>(index_of(choice.candidate)) - 50), 5);
}

TEST(Classic, TakesTheCommonAncestorsOfSeveralBadOnes) {
  // 3 and 4 both come from 2.
  const auto history = test::history_of({{}, {0}, {1}, {2}, {2}, {3, 4}});
  const auto choice = choose_classic(history, {{Position{1}, Verdict::bad}, {Position{2}, Verdict::bad}});
  EXPECT_EQ(choice.left, 3U);
}

TEST(LikelyNext, NamesWhatEitherAnswerLeadsTo) {
  const auto history = test::history_of(test::chain(64));
  const std::vector<Asked> asked{{k_tip, Verdict::bad}};
  const auto running = choose_classic(history, asked).candidate;
  auto bad = asked, good = asked;
  bad.push_back({running, Verdict::bad});
  good.push_back({running, Verdict::good});
  const auto next = likely_next(history, asked, running, 2);
  EXPECT_THAT(next, testing::UnorderedElementsAre(choose_classic(history, bad).candidate,
                                                  choose_classic(history, good).candidate));
  const auto many = likely_next(history, asked, running, 10);
  EXPECT_EQ(many.size(), 10U);
  EXPECT_THAT(many, testing::Not(testing::Contains(running)));
}

TEST(LikelyNext, IsEmptyWhenNothingCanFollow) {
  const auto history = test::history_of(test::chain(2));
  EXPECT_THAT(likely_next(history, {{k_tip, Verdict::bad}}, Position{1}, 3), IsEmpty());
}

}  // namespace
}  // namespace kverdict
