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

TEST(Journal, KeepsBytesThatAreNoText) {
  const auto text = journal_of({opened(), Noted{"\xff\xfe bell\a"}});
  EXPECT_EQ(decode_journal(text, "j").entries.size(), 2U);
}

}  // namespace
}  // namespace kverdict
