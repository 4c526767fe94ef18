#include "orchestrator/core/question/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/question/outlook.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// c0 is the oldest; the bad end is the newest.
struct Line {
  Range range;
  Lineage lineage;
  Evidence evidence;
  BisectRules rules;
  Costs costs;
  ParentsOf parents_of = [](const CandidateId& id) {
    const int n = std::stoi(id.value.substr(1));
    return std::vector<CandidateId>{{n > 0 ? "c" + std::to_string(n - 1) : "good"}};
  };

  explicit Line(unsigned size = 32) : range(make(size)), lineage(range.history) {
    rules.method = Method::bayes;
    costs.run = milliseconds(60'000);
  }

  static Range make(unsigned size) {
    History::Builder builder;
    for (unsigned i = size; i-- > 0;)
      builder.add({"c" + std::to_string(i)}, {{i > 0 ? "c" + std::to_string(i - 1) : "good"}});
    Range range;
    range.history = std::move(builder).build();
    range.bad = {"c" + std::to_string(size - 1)};
    range.goods = {{"good"}};
    return range;
  }

  void say(const std::string& id, unsigned failed, unsigned passed, const std::string& machine = "m") {
    auto& standing = evidence.standings[{id}];
    standing.bad += failed;
    standing.good += passed;
    standing.verdict = standing.bad > 0 ? Verdict::bad : Verdict::good;
    for (; failed > 0; --failed)
      standing.record.push_back({Run::Kind::failed, 0, milliseconds(20'000), {}, false, machine});
    for (; passed > 0; --passed)
      standing.record.push_back({Run::Kind::clean, 0, milliseconds(60'000), {}, true, machine});
  }

  void breaks(const std::string& id) {
    auto& standing = evidence.standings[{id}];
    standing.verdict = Verdict::skip;
    ++standing.broken;
  }

  Plan plan(unsigned slots = 1, std::vector<Running> running = {}) const {
    return make_plan({range, lineage, evidence, rules, parents_of, costs, std::move(running), slots});
  }
};

Running running(std::uint32_t trial, const std::string& id, milliseconds survived) {
  return {trial, {id}, Purpose::search, true, survived, {}, {}};
}

TEST(Plan, SeesTheBadEndFailBeforeAnythingElse) {
  Line line;
  const auto plan = line.plan(2);
  ASSERT_EQ(plan.asks.size(), 2U);
  for (const auto& ask : plan.asks) EXPECT_EQ(ask.candidate, line.range.bad);
  line.say("c31", 0, 3);
  EXPECT_EQ(line.plan().asks.at(0).candidate, line.range.bad);  // it may show only sometimes
}

TEST(Plan, AsksTheGoodEndOnceAndSearchesWithTheOtherSlots) {
  Line line;
  line.say("c31", 1, 0);
  const auto plan = line.plan(3);
  ASSERT_EQ(plan.asks.size(), 3U);
  EXPECT_EQ(plan.asks[0].purpose, Purpose::good_end);
  EXPECT_EQ(plan.asks[1].purpose, Purpose::search);
  EXPECT_NE(plan.asks[1].candidate, plan.asks[2].candidate);
}

TEST(Plan, NamesTheCulpritOnceItIsSureAndItsParentWasAsked) {
  Line line;
  line.say("c31", 2, 0);
  line.say("good", 0, 1);
  line.say("c12", 8, 0);
  line.say("c10", 0, 14);
  EXPECT_FALSE(line.plan().conclusion);
  line.say("c11", 0, 14);
  const auto plan = line.plan();
  ASSERT_TRUE(plan.conclusion);
  EXPECT_EQ(plan.conclusion->kind, Conclusion::Kind::found);
  EXPECT_EQ(plan.conclusion->culprit.value, "c12");
  EXPECT_GE(plan.conclusion->ranking.at(0).probability, .99);
}

TEST(Plan, SaysThatOnlyUntestableCandidatesAreLeft) {
  Line line;
  line.say("c31", 3, 0);
  line.say("good", 0, 1);
  line.say("c12", 9, 0);
  line.say("c9", 0, 14);
  line.breaks("c10");
  line.breaks("c11");
  const auto plan = line.plan();
  ASSERT_TRUE(plan.conclusion);
  EXPECT_EQ(plan.conclusion->kind, Conclusion::Kind::only_skips_left);
  EXPECT_EQ(plan.conclusion->suspects.size(), 3U);
}

TEST(Plan, StopsWhatHasBecomePointless) {
  Line line;
  line.say("c31", 5, 0);
  line.say("good", 0, 1);
  line.say("c12", 9, 0);
  EXPECT_THAT(line.plan(1, {running(7, "c25", milliseconds(3000))}).pointless, ::testing::ElementsAre(7U));
  EXPECT_TRUE(line.plan(1, {running(8, "c6", milliseconds(3000))}).pointless.empty());
}

TEST(Plan, TakesWhatARunningTrialHasSurvivedForEvidence) {
  Line line;
  line.say("c31", 5, 0);
  line.say("good", 0, 1);
  const auto suspected = [&](milliseconds survived) {
    const Question question{line.range,
                            line.lineage,
                            line.evidence,
                            line.rules,
                            line.parents_of,
                            line.costs,
                            {running(7, "c16", survived)},
                            1};
    double newer = 0;
    for (const auto& ranked : outlook(question).ranking)
      if (std::stoi(ranked.candidate.value.substr(1)) > 16) newer += ranked.probability;
    return newer;
  };
  EXPECT_GT(suspected(milliseconds(50'000)), suspected(milliseconds(0)) + .1);
}

TEST(Plan, IsTheSameForTheSameQuestion) {
  Line line;
  line.say("c31", 2, 1);
  line.say("good", 0, 1);
  const auto once = line.plan(3, {running(7, "c20", milliseconds(9000))});
  const auto again = line.plan(3, {running(7, "c20", milliseconds(9000))});
  ASSERT_EQ(once.asks.size(), again.asks.size());
  for (std::size_t i = 0; i < once.asks.size(); ++i)
    EXPECT_EQ(once.asks[i].candidate, again.asks[i].candidate);
}

TEST(Plan, DoubtsARateThatIsNotOfTwoLevels) {
  Line line;
  line.say("c31", 9, 1);
  line.say("good", 0, 8);
  line.say("c24", 0, 14);  // mended
  line.say("c16", 9, 1);   // and introduced before
  line.say("c8", 0, 12);
  const Question question{
      line.range, line.lineage, line.evidence, line.rules, line.parents_of, line.costs, {}, 1};
  const auto view = outlook(question);
  ASSERT_FALSE(view.doubts.empty());
  EXPECT_THAT(view.doubts[0], HasSubstr("come"));
}

TEST(Plan, DoubtsAMachineThatNeverFails) {
  Line line;
  for (const char* id : {"c31", "c28", "c24"}) {
    line.say(id, 8, 2, "sound");
    line.say(id, 0, 6, "deaf");
  }
  line.say("good", 0, 9, "sound");
  const Question question{
      line.range, line.lineage, line.evidence, line.rules, line.parents_of, line.costs, {}, 1};
  std::string all;
  for (const auto& doubt : outlook(question).doubts) all += doubt + "\n";
  EXPECT_THAT(all, HasSubstr("machine deaf"));
  EXPECT_THAT(all, ::testing::Not(HasSubstr("machine sound")));
}

TEST(Plan, HasNoDoubtsWhenAllIsAsExpected) {
  Line line;
  line.say("c31", 3, 6);
  line.say("c16", 2, 5);
  line.say("c15", 0, 9);
  line.say("good", 0, 3);
  const Question question{
      line.range, line.lineage, line.evidence, line.rules, line.parents_of, line.costs, {}, 1};
  EXPECT_TRUE(outlook(question).doubts.empty());
}

TEST(Plan, PlotsTheMassOverTheHistoryAndWhatWasAsked) {
  Line line;
  line.say("c31", 3, 0);
  line.say("c16", 3, 0);
  line.say("c15", 0, 9);
  line.breaks("c20");
  const auto plot =
      outlook({line.range, line.lineage, line.evidence, line.rules, line.parents_of, line.costs, {}, 1}, 32)
          .plot;
  EXPECT_THAT(plot, HasSubstr("asked |               ox   ?          x|"));
  EXPECT_THAT(plot, HasSubstr("█"));
}

TEST(Plan, OfTheClassicMethodIsGitsInTheFirstSlot) {
  Line line;
  line.rules.method = Method::classic;
  line.say("c31", 1, 0);
  line.say("good", 0, 1);
  const auto one = line.plan();
  const auto two = line.plan(2);
  ASSERT_EQ(one.asks.size(), 1U);
  ASSERT_EQ(two.asks.size(), 2U);
  EXPECT_EQ(one.asks[0].candidate, two.asks[0].candidate);
}

}  // namespace
}  // namespace kverdict
