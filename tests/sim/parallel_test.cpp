// Several trials side by side.
#include "tests/sim/night.hpp"

namespace kverdict {
namespace {

class ParallelTest : public NightTest {
 protected:
  ParallelTest() {
    rules_.slots = 4;
    kernels_.build_time = Millis(1000);
  }

  // Every prefix of the journal that a kill could have left.
  std::vector<std::string> prefixes() const {
    const auto whole = slurp(journal_path());
    std::vector<std::string> found;
    for (auto end = whole.find('\n'); end != std::string::npos; end = whole.find('\n', end + 1))
      found.push_back(whole.substr(0, end + 1));
    return found;
  }
  void leave(const std::string& journal) const { std::ofstream(journal_path(), std::ios::trunc) << journal; }
  std::set<CandidateId> answered() const {
    std::set<CandidateId> ids;
    for (const auto& trial : state().trials)
      if (trial.ended && trial.ended->outcome.kind != Outcome::Kind::stopped &&
          trial.ended->outcome.kind != Outcome::Kind::inconclusive)
        ids.insert(trial.candidate);
    return ids;
  }
  bool has_outcome(Outcome::Kind kind) const {
    const auto trials = state().trials;
    return std::any_of(trials.begin(), trials.end(),
                       [kind](const Trial& t) { return t.ended && t.ended->outcome.kind == kind; });
  }
};

TEST_F(ParallelTest, KeepsItsSlotsBusyAndIsFaster) {
  EXPECT_EQ(run().culprit.value, "c23");
  EXPECT_GE(most_up_, 3U);
  const auto side_by_side = took_;
  std::filesystem::remove(journal_path());
  rules_.slots = 1;
  EXPECT_EQ(run().culprit.value, "c23");
  EXPECT_LT(side_by_side, took_);
}

TEST_F(ParallelTest, NeverUsesMoreSlotsThanThereAre) {
  rules_.slots = 2;
  run();
  EXPECT_EQ(most_up_, 2U);
}

TEST_F(ParallelTest, LeavesNoTrialOpen) {
  run();
  for (const auto& trial : state().trials) EXPECT_TRUE(trial.ended) << trial.number;
}

TEST_F(ParallelTest, StopsWhatBecamePointlessAndKeepsWhatItSurvived) {
  kernels_.build_time = Millis(100);
  behave(
      [](unsigned n, unsigned) { return n > k_culprit ? std::optional(Behaviour::passes) : std::nullopt; });
  run();
  EXPECT_TRUE(has_outcome(Outcome::Kind::stopped));
}

TEST_F(ParallelTest, KilledAfterAnyLineItLosesNothingAndAsksNothingTwice) {
  run();
  for (const auto& prefix : prefixes()) {
    leave(prefix);
    const auto before = answered();
    const auto ended = state().trials;
    ASSERT_EQ(run().culprit.value, "c23") << "killed after " << prefix.size() << " bytes";
    for (const auto& id : booted_)
      EXPECT_FALSE(before.contains(id)) << id.value << " asked again after " << prefix.size() << " bytes";
    for (const auto& trial : ended)
      if (trial.ended) {
        EXPECT_EQ(state().trials[trial.number - 1].ended->outcome, trial.ended->outcome);
      }
  }
}

TEST_F(ParallelTest, InterruptedAtAnyMomentItEndsAllGuestsAndResumes) {
  for (Millis at(500); at < Millis(120'000); at += Millis(1'700)) {
    std::filesystem::remove(journal_path());
    if (run_for(at)) break;
    EXPECT_EQ(still_up_, 0U) << "interrupted after " << at.count() << " ms";
    ASSERT_EQ(run().culprit.value, "c23") << "interrupted after " << at.count() << " ms";
  }
}

TEST_F(ParallelTest, TakesNoVerdictFromABrokenLab) {
  for (const auto fault : {Behaviour::breaks_lab, Behaviour::vanishes, Behaviour::breaks_build}) {
    std::filesystem::remove(journal_path());
    kernels_.behaviour = [fault](const CandidateId& id, unsigned time) {
      if (time == 0) return fault;
      return number_of(id) <= k_culprit ? Behaviour::crashes : Behaviour::passes;
    };
    EXPECT_EQ(run().culprit.value, "c23") << static_cast<int>(fault);
  }
}

TEST_F(ParallelTest, GivesUpOnADeadLabAndResumes) {
  auto usual = kernels_.behaviour;
  kernels_.behaviour = [](const CandidateId&, unsigned) { return Behaviour::breaks_lab; };
  EXPECT_THROW(run(), InfraError);
  EXPECT_EQ(still_up_, 0U);
  kernels_.behaviour = usual;
  EXPECT_EQ(run().culprit.value, "c23");
}

TEST_F(ParallelTest, SkipsAnotherCrashAndAStretchThatDoesNotBuild) {
  behave([](unsigned n, unsigned) -> std::optional<Behaviour> {
    if (n >= 28 && n < 36) return Behaviour::does_not_build;
    return n % 7 == 5 ? std::optional(Behaviour::crashes_other) : std::nullopt;
  });
  const auto conclusion = run();
  EXPECT_EQ(conclusion.culprit.value, "c23") << conclusion.reason;
}

TEST_F(ParallelTest, DoesNotBootAKernelWhoseCodeWasJudged) {
  kernels_.code = [](const CandidateId& id) {
    return number_of(id) <= k_culprit ? std::string("bad") : std::string("good");
  };
  rules_.slots = 1;
  EXPECT_EQ(run().culprit.value, "c23");
  EXPECT_EQ(booted_.size(), 2U);
}

TEST_F(ParallelTest, StopsWhenTheTimeIsOverAndGoesOnLater) {
  rules_.until = FakeClock().wall() + Millis(9'000);
  const auto conclusion = run();
  EXPECT_EQ(conclusion.kind, Conclusion::Kind::narrowed);
  EXPECT_EQ(exit_code(conclusion), 3);
  EXPECT_FALSE(conclusion.ranking.empty());
  EXPECT_LE(took_, Millis(20'000));
  EXPECT_TRUE(state().closed);
  const auto before = answered();
  rules_.until.reset();
  EXPECT_EQ(run().culprit.value, "c23");
  for (const auto& id : booted_) EXPECT_FALSE(before.contains(id)) << id.value;
}

TEST_F(ParallelTest, AMarkedCandidateIsNotAsked) {
  {  // A person who knows better than the machines.
    FakeClock clock;
    auto journal = open_journal(clock);
    journal.append(Marked{{"c32"}, 0, Verdict::good, "known from last week"});
  }
  EXPECT_EQ(run().culprit.value, "c23");
  EXPECT_THAT(booted_, testing::Not(testing::Contains(CandidateId{"c32"})));
}

TEST_F(ParallelTest, EveryChoiceIsMadeAgainFromTheJournal) {
  run();
  check_choices();
}

}  // namespace
}  // namespace kverdict
