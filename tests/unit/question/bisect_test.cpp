#include "orchestrator/core/question/bisect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kverdict {
namespace {

// c0 (bad end) ... c7, then "good".
Range line() {
  History::Builder builder;
  for (int i = 0; i < 8; ++i)
    builder.add({"c" + std::to_string(i)}, {{i < 7 ? "c" + std::to_string(i + 1) : "good"}});
  Range range;
  range.history = std::move(builder).build();
  range.bad = {"c0"};
  range.goods = {{"good"}};
  return range;
}

std::vector<CandidateId> parents_of(const CandidateId& id) {
  const int n = std::stoi(id.value.substr(1));
  return {{n < 7 ? "c" + std::to_string(n + 1) : "good"}};
}

void say(Evidence& evidence, const std::string& id, Verdict verdict, unsigned runs = 1) {
  auto& standing = evidence.standings[{id}];
  standing.verdict = verdict;
  standing.good += verdict == Verdict::good ? runs : 0;
  standing.bad += verdict == Verdict::bad ? runs : 0;
  standing.skipped += verdict == Verdict::skip ? runs : 0;
}

Decision next(const Range& range, const Evidence& evidence, BisectRules rules = {}) {
  return decide(range, evidence, rules, parents_of);
}

CandidateId asked(const Decision& decision) {
  const auto* ask = std::get_if<Ask>(&decision);
  return ask == nullptr ? CandidateId{"(conclusion)"} : ask->candidate;
}

Conclusion::Kind concluded(const Decision& decision) {
  return std::get<Conclusion>(decision).kind;
}

TEST(Bisect, AsksTheBadEndThenTheGoodEndThenTheMiddle) {
  const auto range = line();
  Evidence evidence;
  EXPECT_EQ(asked(next(range, evidence)).value, "c0");
  say(evidence, "c0", Verdict::bad);
  EXPECT_EQ(asked(next(range, evidence)).value, "good");
  say(evidence, "good", Verdict::good);
  EXPECT_EQ(std::get<Ask>(next(range, evidence)).purpose, Purpose::search);
}

TEST(Bisect, RunsTheEndsAsOftenAsTheRulesSay) {
  const auto range = line();
  Evidence evidence;
  BisectRules thrice;
  thrice.end_runs = 3;
  say(evidence, "c0", Verdict::good, 2);
  EXPECT_EQ(asked(next(range, evidence, thrice)).value, "c0")
      << "two passes of three do not clear the bad end";
  say(evidence, "c0", Verdict::good, 1);
  EXPECT_EQ(concluded(next(range, evidence, thrice)), Conclusion::Kind::ends_wrong);
}

TEST(Bisect, WantsMergeBasesGoodButGoesOnWhenTheyCannotBeTested) {
  auto range = line();
  range.merge_bases = {{"base"}};
  Evidence evidence;
  say(evidence, "c0", Verdict::bad);
  say(evidence, "good", Verdict::good);
  EXPECT_EQ(asked(next(range, evidence)).value, "base");
  auto bad = evidence, skipped = evidence;
  say(bad, "base", Verdict::bad);
  EXPECT_EQ(concluded(next(range, bad)), Conclusion::Kind::ends_wrong);
  say(skipped, "base", Verdict::skip);
  EXPECT_EQ(std::get<Ask>(next(range, skipped)).purpose, Purpose::search);
}

TEST(Bisect, SaysWhenTheEvidenceContradictsItself) {
  const auto range = line();
  Evidence evidence;
  say(evidence, "c0", Verdict::bad);
  say(evidence, "good", Verdict::good);
  say(evidence, "c2", Verdict::good);
  say(evidence, "c5", Verdict::bad);
  const auto decision = next(range, evidence);
  EXPECT_EQ(concluded(decision), Conclusion::Kind::inconclusive);
  EXPECT_EQ(exit_code(std::get<Conclusion>(decision)), 3);
}

TEST(Bisect, NamesTheCulpritOnceItsParentPassed) {
  const auto range = line();
  Evidence evidence;
  say(evidence, "c0", Verdict::bad);
  say(evidence, "good", Verdict::good);
  say(evidence, "c3", Verdict::bad);
  say(evidence, "c4", Verdict::good);
  const auto decision = next(range, evidence);
  EXPECT_EQ(std::get<Conclusion>(decision).culprit.value, "c3");
  EXPECT_EQ(exit_code(std::get<Conclusion>(decision)), 0);
}

TEST(Bisect, GivesUpAtTheSkipLimit) {
  const auto range = line();
  Evidence evidence;
  say(evidence, "c0", Verdict::bad);
  say(evidence, "good", Verdict::good);
  say(evidence, "c3", Verdict::skip);
  say(evidence, "c4", Verdict::skip);
  BisectRules rules;
  rules.skip_limit = 2;
  EXPECT_EQ(concluded(next(range, evidence, rules)), Conclusion::Kind::only_skips_left);
  rules.skip_limit = 3;
  EXPECT_NE(asked(next(range, evidence, rules)).value, "(conclusion)");
}

TEST(Bisect, BuildsAheadWhatEitherAnswerWouldAskFor) {
  const auto range = line();
  Evidence evidence;
  say(evidence, "c0", Verdict::bad);
  say(evidence, "good", Verdict::good);
  const auto running = std::get<Ask>(next(range, evidence));
  const auto ahead = likely_next(range, evidence, {}, parents_of, running);
  ASSERT_GE(ahead.size(), 2U);
  for (const auto verdict : {Verdict::bad, Verdict::good}) {
    auto answered = evidence;
    say(answered, running.candidate.value, verdict);
    EXPECT_THAT((std::vector<CandidateId>{ahead[0], ahead[1]}),
                testing::Contains(asked(next(range, answered))));
  }
}

}  // namespace
}  // namespace kverdict
