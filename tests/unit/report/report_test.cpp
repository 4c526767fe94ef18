#include "orchestrator/core/report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "orchestrator/core/report/git_log.hpp"

namespace kverdict {
namespace {

using testing::HasSubstr;

Range line() {
  History::Builder builder;
  for (int i = 0; i < 4; ++i)
    builder.add({"c" + std::to_string(i)}, {{i < 3 ? "c" + std::to_string(i + 1) : "good"}});
  Range range;
  range.history = std::move(builder).build();
  range.bad = {"c0"};
  range.goods = {{"good"}};
  return range;
}

std::vector<CandidateId> parents_of(const CandidateId& id) {
  return {{id.value == "c3" ? "good" : "c" + std::to_string(std::stoi(id.value.substr(1)) + 1)}};
}

CandidateInfo describe(const CandidateId& id) {
  CandidateInfo info;
  info.id = id;
  info.subject = "net: change `" + id.value + "` | quietly\x1b[2J";
  info.author = "J\xc3\xbcrgen <j@example.org>";
  if (id.value != "good") info.parents = parents_of(id);
  return info;
}

Plan plan_of(const Decision& decision) {
  Plan plan;
  if (const auto* conclusion = std::get_if<Conclusion>(&decision))
    plan.conclusion = *conclusion;
  else
    plan.asks = {std::get<Ask>(decision)};
  return plan;
}

Outcome crash() {
  Oops oops;
  oops.title = "kernel BUG in f";
  Outcome outcome;
  outcome.kind = Outcome::Kind::crashed;
  outcome.oopses = {oops};
  return outcome;
}

Outcome pass() {
  Outcome outcome;
  outcome.kind = Outcome::Kind::passed;
  return outcome;
}

State state_after(const std::vector<std::pair<std::string, Outcome>>& trials) {
  State state;
  state.opened.session = "s";
  state.opened.bad = {"c0"};
  state.opened.candidates = 4;
  for (const auto& [id, outcome] : trials) {
    const auto number = state.next_trial();
    apply(state, {{}, TrialStarted{number, {id}, Purpose::search}});
    apply(state, {{}, TrialEnded{number, {id}, outcome, "", "vm", {}, std::chrono::milliseconds(900)}});
  }
  return state;
}

Report report_of(const State& state) {
  const auto range = line();
  const auto evidence = weigh(state, {});
  const BisectRules rules;
  const Describe words = describe;
  const auto plan = plan_of(decide(range, evidence, rules, parents_of));
  auto report = make_report({state, range, evidence, plan, rules, words});
  report.oops_excerpt = "kernel BUG at x.c:1!\n# not a heading\n";
  return report;
}

const State k_found = state_after({{"c0", crash()}, {"good", pass()}, {"c2", pass()}, {"c1", crash()}});

TEST(Report, SaysWhoHowSureAndOnWhatEvidence) {
  const auto text = report_text(report_of(k_found));
  EXPECT_THAT(text, testing::StartsWith("c1 is the first bad version\n")) << "a commit has 40 digits";
  EXPECT_THAT(text, HasSubstr("J\xc3\xbcrgen"));
  EXPECT_THAT(text, HasSubstr("failed 1 of 1 run"));
  EXPECT_THAT(text, HasSubstr("c2 passed 1 of 1 run"));
  EXPECT_THAT(text, HasSubstr("kernel BUG in f"));
  EXPECT_THAT(text, testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, testing::Not(HasSubstr("100 %")));
}

TEST(Report, RanksCandidatesWhileTheQuestionIsOpen) {
  const auto text = report_text(report_of(state_after({{"c0", crash()}, {"good", pass()}})));
  EXPECT_THAT(text, testing::StartsWith("open: next is "));
  EXPECT_THAT(text, HasSubstr("Most likely:"));
}

TEST(Report, LetsNoSubjectOrGuestBecomeMarkup) {
  const auto markdown = report_markdown(report_of(k_found));
  EXPECT_THAT(markdown, HasSubstr("net: change \\`c1\\` \\| quietly"));
  EXPECT_THAT(markdown, HasSubstr("\n    # not a heading\n"));
}

TEST(Report, JsonNamesTheCulpritAndItsProbability) {
  const auto json = nlohmann::json::parse(report_json(report_of(k_found)));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["result"], "found");
  EXPECT_EQ(json["culprit"]["id"], "c1");
  EXPECT_GT(json["probability"].get<double>(), 0.5);
  EXPECT_EQ(json["evidence"].size(), 4U);
}

std::string log_of(const State& state, const BisectRules& rules) {
  const auto range = line();
  const auto evidence = weigh(state, {});
  const Describe words = describe;
  return git_bisect_log({state, range, evidence, Plan{}, rules, words});
}

TEST(Report, SpeaksOfOldAndNewWhereAFixIsSought) {
  BisectRules rules;
  rules.find = Find::fix;
  const auto log =
      log_of(state_after({{"good", crash()}, {"c0", pass()}, {"c2", crash()}, {"c1", pass()}}), rules);
  EXPECT_THAT(log, HasSubstr("git bisect new c0\n"));
  EXPECT_THAT(log, HasSubstr("git bisect old good\n"));
  EXPECT_THAT(log, HasSubstr("git bisect new c1\n"));
}

TEST(Report, NamesAnotherCrashThatCameOftenWithItsOwnCandidates) {
  auto other = crash();
  other.oopses.front().title = "WARNING in g";
  const auto state =
      state_after({{"c0", crash()}, {"good", pass()}, {"c2", other}, {"c2", other}, {"c1", other}});
  const auto text = report_text(report_of(state));
  EXPECT_THAT(text, HasSubstr("Another crash came 3 times: WARNING in g (first in trial 3)"));
  EXPECT_THAT(text, HasSubstr("seen at c2 (2), c1 (1)"));
  EXPECT_THAT(text, HasSubstr("--hunt 'WARNING in g'"));
  const auto json = nlohmann::json::parse(report_json(report_of(state)));
  EXPECT_EQ(json["other_crashes"][0]["times"], 3);
  EXPECT_FALSE(json["other_crashes"][0]["ranking"].empty());
}

TEST(Report, NamesMachinesThatDiffer) {
  State state = state_after({{"c0", crash()}, {"good", pass()}});
  for (unsigned i = 0; i < 24; ++i) {
    const bool blind = i % 2 == 0;
    const auto number = state.next_trial();
    apply(state, {{}, TrialStarted{number, {"c0"}}});
    apply(state,
          {{}, TrialEnded{number, {"c0"}, blind ? pass() : crash(), "", blind ? "east" : "west", {}, {}}});
  }
  const auto text = report_text(report_of(state));
  EXPECT_THAT(text, HasSubstr("doubt: machine east shows the failure too seldom: 0 of 12"));
  EXPECT_THAT(text, HasSubstr("doubt: machine west shows the failure too often: 12 of 12"));
  EXPECT_THAT(text, HasSubstr("west: 12 trials, 12 failed, 0 clean, 0 lab errors"));
}

TEST(Report, ShowsWhatAPersonSaid) {
  auto state = k_found;
  apply(state, {{}, Marked{{"c3"}, 0, Verdict::skip, "another board"}});
  apply(state, {{}, Undone{Undone::What::trial, {"c2"}, 3}});
  const auto text = report_text(report_of(state));
  EXPECT_THAT(text, HasSubstr("c3 net: change `c3` | quietly?[2J: skip: another board"));
  EXPECT_THAT(text, HasSubstr("trial 3 was taken out"));
}

TEST(Report, WritesALogThatItReadsBack) {
  const auto log = parse_bisect_log(log_of(k_found, {}), "log");
  ASSERT_EQ(log.answers.size(), 4U);
  EXPECT_EQ(log.answers[0].revision, "c0");
  EXPECT_EQ(log.answers[0].verdict, Verdict::bad);
  EXPECT_EQ(log.answers[3].revision, "c1");
}

TEST(Report, RoundsNoDoubtAway) {
  EXPECT_EQ(percent_text(1.0), "99.9 %");
  EXPECT_EQ(percent_text(0.9921), "99.2 %");
  EXPECT_EQ(duration_text(std::chrono::milliseconds(7'505'000)), "2 h 05 min");
}

}  // namespace
}  // namespace kverdict
