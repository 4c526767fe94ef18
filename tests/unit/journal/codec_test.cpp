#include "orchestrator/core/journal/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/journal/state.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

Entry entry(Event event) {
  return {std::chrono::system_clock::time_point(milliseconds(1'767'225'600'123)), std::move(event)};
}

SessionOpened opened() {
  SessionOpened event;
  event.program = "0.1.0";
  event.session = "s";
  event.config = R"({"schema":1})";
  event.bad = {"bad"};
  event.goods = {{"good"}};
  event.candidates = 3;
  event.history = "0123";
  return event;
}

Outcome rich_outcome() {
  Oops oops;
  oops.title = "kernel BUG in f";
  oops.alternatives = {"bug in f"};
  oops.trace = {{"f", "e1000"}, {"g", ""}};
  oops.panicked = true;
  oops.first_line = 7;
  oops.last_line = 20;
  Outcome outcome;
  outcome.kind = Outcome::Kind::crashed;
  outcome.detail = "kernel BUG in f";
  outcome.log_tail = "x\n";
  outcome.oopses = {oops};
  outcome.metrics = {{"iperf.up", 1.5e8, "bit/s"}};
  outcome.exposure = milliseconds(1234);
  return outcome;
}

std::string journal_of(const std::vector<Event>& events) {
  std::string text;
  for (const auto& event : events) text += encode(entry(event)) + "\n";
  return text;
}

std::string refusal(const std::string& text) {
  try {
    replay(decode_journal(text, "j").entries);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

TEST(Journal, ReadsBackWhatItWrote) {
  TrialEnded ended{1, {"bad"}, rich_outcome(), "c0de", "vm", milliseconds(10), milliseconds(20)};
  const auto state =
      replay(decode_journal(journal_of({opened(), TrialStarted{1, {"bad"}, Purpose::bad_end}, ended,
                                        Noted{"n"}, SessionResumed{"0.2", "{}"}, SessionClosed{3, "why"}}),
                            "j")
                 .entries);
  EXPECT_EQ(state.opened.goods, opened().goods);
  ASSERT_EQ(state.trials.size(), 1U);
  EXPECT_EQ(state.trials[0].ended->outcome, rich_outcome());
  EXPECT_EQ(state.trials[0].purpose, Purpose::bad_end);
  EXPECT_EQ(state.resumed, 1U);
  EXPECT_EQ(state.closed->exit_code, 3);
  EXPECT_EQ(state.latest, entry(Noted{}).at);
}

TEST(Journal, DropsATornLastLineWhereverItIsCut) {
  const auto first = journal_of({opened()});
  const auto whole = first + journal_of({TrialStarted{1, {"bad"}, Purpose::bad_end}});
  for (std::size_t cut = first.size(); cut < whole.size(); ++cut) {
    const auto read = decode_journal(whole.substr(0, cut), "j");
    EXPECT_EQ(read.entries.size(), 1U);
    EXPECT_EQ(read.whole_bytes, first.size());
    EXPECT_EQ(read.torn_bytes, cut - first.size());
  }
}

TEST(Journal, RefusesCorruptionInTheMiddleByLine) {
  const auto text = journal_of({opened()}) + "{\"at\":garbage\n" + journal_of({Noted{"n"}});
  EXPECT_THAT(refusal(text),
              testing::AllOf(testing::HasSubstr("j:2"), testing::HasSubstr("corrupt journal")));
}

TEST(Journal, RefusesANewerVersion) {
  auto newer = opened();
  newer.version = k_journal_version + 1;
  EXPECT_THAT(refusal(journal_of({newer})), testing::HasSubstr("newer than this kverdict reads"));
}

TEST(Journal, RefusesWhatIsNoJournal) {
  EXPECT_THAT(refusal(""), testing::HasSubstr("empty journal"));
  EXPECT_THAT(refusal(journal_of({Noted{"n"}, Noted{"m"}})), testing::HasSubstr("not a kverdict journal"));
  EXPECT_THAT(refusal("hello\nworld\n"), testing::HasSubstr("j:1"));
}

TEST(Journal, RefusesAnEndWithoutAStart) {
  EXPECT_THAT(refusal(journal_of({opened(), TrialEnded{1, {"bad"}, {}, "", "", {}, {}}})),
              testing::HasSubstr("without having started"));
}

TEST(Journal, ReadsAnOldJournalWithoutTheNewerKeys) {
  auto old = opened();
  old.version = 1;
  const auto text = journal_of({old}) +
                    R"({"at":"2026-01-01T00:00:00.000Z","event":"trial_started","trial":1,"candidate":"bad",)"
                    R"("purpose":"bad_end"})"
                    "\n";
  const auto state = replay(decode_journal(text, "j").entries);
  ASSERT_EQ(state.trials.size(), 1U);
  EXPECT_EQ(state.trials[0].soak, milliseconds(0));
  EXPECT_EQ(state.trials[0].free_slots, 1U);
}

TEST(Journal, KnowsWhichTrialsRun) {
  const TrialStarted started{1, {"a"}, Purpose::search, milliseconds(700), 2};
  auto events = std::vector<Event>{opened(), started, TrialStarted{2, {"b"}}, TrialBooted{1}};
  auto state = replay(decode_journal(journal_of(events), "j").entries);
  EXPECT_TRUE(state.trials[0].running() && state.trials[1].running());
  EXPECT_TRUE(state.trials[0].booted && !state.trials[1].booted);
  EXPECT_EQ(state.trials[0].soak, milliseconds(700));
  EXPECT_EQ(state.trials[0].free_slots, 2U);
  events.push_back(TrialEnded{1, {"a"}, rich_outcome(), "", "vm", {}, {}});
  events.push_back(SessionResumed{"0.2", "{}"});
  state = replay(decode_journal(journal_of(events), "j").entries);
  EXPECT_FALSE(state.trials[0].running() || state.trials[1].running());
  EXPECT_FALSE(state.trials[0].interrupted);
  EXPECT_TRUE(state.trials[1].interrupted) << "its session ended before it did";
}

TEST(Journal, KeepsMarksUntilTheyAreUndone) {
  auto events = std::vector<Event>{
      opened(), TrialStarted{1, {"a"}}, TrialEnded{1, {"a"}, rich_outcome(), "", "vm", {}, {}},
      Marked{{"a"}, 1, Verdict::skip, "the fan was off"}, Marked{{"b"}, 0, Verdict::good, ""}};
  auto state = replay(decode_journal(journal_of(events), "j").entries);
  EXPECT_EQ(state.trials[0].mark->reason, "the fan was off");
  EXPECT_EQ(state.marks.at({"b"}).verdict, Verdict::good);
  events.push_back(Undone{Undone::What::mark, {"a"}, 1});
  events.push_back(Undone{Undone::What::mark, {"b"}, 0});
  events.push_back(Undone{Undone::What::trial, {"a"}, 1});
  state = replay(decode_journal(journal_of(events), "j").entries);
  EXPECT_FALSE(state.trials[0].mark);
  EXPECT_TRUE(state.marks.empty());
  EXPECT_TRUE(state.trials[0].taken_out);
  EXPECT_FALSE(state.trials[0].counts());
}

TEST(Journal, RefusesAMarkOfATrialThatIsNot) {
  EXPECT_THAT(refusal(journal_of({opened(), Marked{{"a"}, 3, Verdict::good, ""}})),
              testing::HasSubstr("trial 3 is marked without having started"));
}

TEST(Journal, KeepsBytesThatAreNoText) {
  const auto text = journal_of({opened(), Noted{"\xff\xfe bell\a"}});
  EXPECT_EQ(decode_journal(text, "j").entries.size(), 2U);
}

}  // namespace
}  // namespace kverdict
