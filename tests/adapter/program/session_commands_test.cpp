// What the commands say of a session on disk: written here as a run would have written it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "orchestrator/cli/commands/opened.hpp"
#include "orchestrator/core/journal/codec.hpp"
#include "tests/adapter/program/program.hpp"

namespace kverdict {
namespace {

using testing::HasSubstr;

// commits()[0] good, commits()[7] bad, culprit commits()[3]; the kernels behave accordingly.
class SessionCommands : public testing::Test {
 protected:
  SessionCommands() {
    home_.write("kverdict.toml",
                "schema = 1\n[source]\nrepo = \"repo\"\n[build]\nbase = \"allnoconfig\"\n[[workload]]\nkind "
                "= \"churn\"\n");
    std::filesystem::create_directories(home_.session("s"));
    config_.source.repo = home_.repository();
    config_.source.good = {home_.commits()[0]};
    config_.source.bad = home_.commits()[7];
    auto source = GitSource::open(home_.repository());
    RangeSpec spec;
    spec.bad = home_.commits()[7];
    spec.goods = {home_.commits()[0]};
    const auto range = source.resolve(spec);
    SessionOpened opened;
    opened.session = "s";
    opened.config = to_json(config_);
    opened.bad = range.bad;
    opened.goods = range.goods;
    opened.candidates = range.history.size();
    opened.history = range_digest(range);
    append(opened);
    ParentsOf parents = [&source](const CandidateId& id) { return source.describe(id).parents; };
    answer_all(range, parents);
  }

  void append(Event event) {
    const Entry entry{std::chrono::system_clock::time_point(std::chrono::hours(500'000)), std::move(event)};
    std::ofstream(home_.session("s") / "journal.jsonl", std::ios::app) << encode(entry) << "\n";
    if (const auto* opened = std::get_if<SessionOpened>(&entry.event)) state_.opened = *opened;
    apply(state_, entry);
  }

  Outcome outcome_of(const CandidateId& id) const {
    const auto& commits = home_.commits();
    const auto at = std::find(commits.begin(), commits.end(), id.value) - commits.begin();
    Outcome outcome;
    outcome.kind = at >= 3 ? Outcome::Kind::crashed : Outcome::Kind::passed;
    if (at < 3) return outcome;
    Oops oops;
    oops.title = "kernel BUG in e1000_clean_rx_irq";
    oops.first_line = 1;
    oops.last_line = 1;
    outcome.oopses = {oops};
    return outcome;
  }

  void answer_all(const Range& range, const ParentsOf& parents) {
    for (;;) {
      const auto decision = decide(range, weigh(state_, {}), {}, parents);
      const auto* ask = std::get_if<Ask>(&decision);
      if (ask == nullptr) break;
      const auto number = state_.next_trial();
      append(TrialStarted{number, ask->candidate, ask->purpose});
      append(TrialEnded{
          number, ask->candidate, outcome_of(ask->candidate), "", "vm", {}, std::chrono::milliseconds(900)});
      home_.write(
          "state/kverdict/sessions/s/trials/" + trial_directory(number, ask->candidate) + "/transcript.log",
          "       0    0.100 s| Linux version\n       1    0.200 s| kernel BUG at x.c:1!\n");
    }
    append(SessionClosed{0, "done"});
  }

  ProgramHome home_;
  Config config_;
  State state_;
};

TEST_F(SessionCommands, ReportNamesTheCulpritInEveryForm) {
  const auto& culprit = home_.commits()[3];
  EXPECT_THAT(home_.kverdict("report").out, testing::StartsWith(culprit + " is the first bad commit"));
  EXPECT_THAT(home_.kverdict("report s --format markdown").out,
              HasSubstr("# First bad commit: `" + culprit.substr(0, 12)));
  EXPECT_THAT(home_.kverdict("report s --json").out, HasSubstr("\"result\": \"found\""));
  EXPECT_THAT(home_.kverdict("status").out, HasSubstr("session s: found"));
  EXPECT_THAT(home_.kverdict("list").out, testing::AllOf(HasSubstr("s "), HasSubstr("found")));
}

TEST_F(SessionCommands, ShowMarksTheOopsAndSaysWhyItCounts) {
  const auto said = home_.kverdict("show s 1");
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("verdict: bad"));
  EXPECT_THAT(said.out, HasSubstr("=== kernel BUG in e1000_clean_rx_irq\n>"));
  EXPECT_EQ(home_.kverdict("show s " + home_.commits()[7]).out, said.out) << "the same trial, by revision";
  EXPECT_EQ(home_.kverdict("show s 99").code, 2);
}

TEST_F(SessionCommands, LogIsAcceptedByGit) {
  const auto said = home_.shell("\"$KV\" log s > log && cd repo && git bisect replay ../log");
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr(home_.commits()[3] + " is the first bad commit"));
}

TEST_F(SessionCommands, GitsLogIsAcceptedByUs) {
  const auto& commits = home_.commits();
  const auto said = home_.shell("(cd repo && git bisect start " + commits[7] + " " + commits[0] +
                                " && git bisect run sh -c '[ $(cat file) -lt 3 ]' && git bisect log > "
                                "../log) >&2; \"$KV\" replay log --repo repo");
  EXPECT_THAT(said.out, HasSubstr(commits[3] + " is the first bad commit")) << said.err;
}

TEST_F(SessionCommands, CheckRecomputesEveryChoice) {
  EXPECT_EQ(home_.kverdict("replay --check s").code, 0);
}

TEST_F(SessionCommands, ResumeRefusesAnotherQuestionByKey) {
  const auto said = home_.kverdict("resume s --build.base tinyconfig");
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("build.base"));
}

TEST_F(SessionCommands, NamesTheHolderOfABusySession) {
  const auto said = home_.shell(
      "python3 -c 'import fcntl, os, subprocess, sys; f = open(\"state/kverdict/sessions/s/lock\", \"w\"); "
      "fcntl.lockf(f, fcntl.LOCK_EX); sys.exit(subprocess.call([os.environ[\"KV\"], \"resume\", \"s\"]))'");
  EXPECT_EQ(said.code, 2) << said.err;
  EXPECT_THAT(said.err, HasSubstr("in use"));
}

TEST_F(SessionCommands, RefusesAJournalThatIsNewerOrBroken) {
  const auto journal = (home_.session("s") / "journal.jsonl").string();
  home_.shell("cp '" + journal + "' whole; sed -i '1s/\"version\":[0-9]*/\"version\":99/' '" + journal + "'");
  EXPECT_THAT(home_.kverdict("resume s").err, HasSubstr("newer"));
  home_.shell("sed '3s/.*/garbage/' whole > '" + journal + "'");
  const auto said = home_.kverdict("resume s");
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, testing::AllOf(HasSubstr("journal.jsonl:3"), HasSubstr("corrupt")));
}

TEST_F(SessionCommands, ResumeOfAnAnsweredQuestionAsksNothing) {
  const auto before = state_.trials.size();
  const auto said = home_.kverdict("resume s");
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr(home_.commits()[3] + " is the first bad commit"));
  EXPECT_THAT(said.out, HasSubstr(std::to_string(before) + " trials"));
}

TEST_F(SessionCommands, UndoTakesATrialOutAndOpensTheQuestionAgain) {
  const auto said = home_.kverdict("undo " + std::to_string(state_.trials.size()));
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("is taken out"));
  EXPECT_THAT(said.out, HasSubstr("open: next is"));
  EXPECT_THAT(said.out, HasSubstr("go on with: kverdict resume s"));
  EXPECT_THAT(home_.kverdict("status").out, HasSubstr("was taken out"));
  EXPECT_EQ(home_.kverdict("undo " + std::to_string(state_.trials.size())).code, 2) << "twice";
}

TEST_F(SessionCommands, AMarkStandsOverTheTrialsUntilItIsTakenBack) {
  const auto& commits = home_.commits();
  const auto marked = home_.kverdict("mark " + commits[3] + " skip --reason 'the fan was off'");
  EXPECT_EQ(marked.code, 0) << marked.err;
  EXPECT_THAT(marked.out, HasSubstr("is marked skip"));
  EXPECT_THAT(home_.kverdict("report").out, HasSubstr("the fan was off"));
  EXPECT_THAT(home_.kverdict("log").out, HasSubstr("git bisect skip " + commits[3]));
  EXPECT_THAT(home_.kverdict("undo " + commits[3]).out, HasSubstr(commits[3] + " is the first bad commit"));
}

TEST_F(SessionCommands, MarkRefusesWhatIsNoVerdictOrNoTrial) {
  EXPECT_THAT(home_.kverdict("mark 1 godo").err, HasSubstr("did you mean 'good'?"));
  EXPECT_EQ(home_.kverdict("mark 1").code, 2);
  EXPECT_EQ(home_.kverdict("mark nonsense good").code, 2);
  EXPECT_THAT(home_.kverdict("undo " + home_.commits()[5]).err, HasSubstr("has no mark"));
}

}  // namespace
}  // namespace kverdict
