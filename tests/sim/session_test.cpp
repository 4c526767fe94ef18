// One trial at a time.
#include "tests/sim/night.hpp"

namespace kverdict {
namespace {

class SessionTest : public NightTest {};

TEST_F(SessionTest, NamesTheCulpritAfterBothEnds) {
  const auto conclusion = run();
  EXPECT_EQ(conclusion.kind, Conclusion::Kind::found);
  EXPECT_EQ(conclusion.culprit.value, "c23");
  ASSERT_GE(recorder_.asked.size(), 2U);
  EXPECT_EQ(recorder_.asked[0].value, "c0");
  EXPECT_EQ(recorder_.asked[1].value, "good");
  EXPECT_LE(booted_.size(), 9U);  // two ends, log2(64) steps, at most one parent
}

TEST_F(SessionTest, LeavesATranscriptOfEveryTrial) {
  run();
  for (const auto& trial : state().trials) {
    const auto path =
        directory_.path() / "trials" / trial_directory(trial.number, trial.candidate) / "transcript.log";
    EXPECT_THAT(slurp(path), testing::HasSubstr("Linux version")) << path;
  }
}

TEST_F(SessionTest, StopsWhenTheBadEndPasses) {
  behave([](unsigned n, unsigned) { return n == 0 ? std::optional(Behaviour::passes) : std::nullopt; });
  const auto conclusion = run();
  EXPECT_EQ(conclusion.kind, Conclusion::Kind::ends_wrong);
  EXPECT_EQ(exit_code(conclusion), 5);
  EXPECT_EQ(booted_.size(), 1U);
}

TEST_F(SessionTest, StopsWhenTheGoodEndFails) {
  behave([](unsigned n, unsigned) { return n == 1000 ? std::optional(Behaviour::crashes) : std::nullopt; });
  const auto conclusion = run();
  EXPECT_EQ(conclusion.kind, Conclusion::Kind::ends_wrong);
  EXPECT_THAT(conclusion.reason, testing::HasSubstr("good end"));
}

TEST_F(SessionTest, SkipsAnotherCrashAndStillFindsTheCulprit) {
  behave([](unsigned n, unsigned) {
    return n % 5 == 2 ? std::optional(Behaviour::crashes_other) : std::nullopt;
  });
  EXPECT_EQ(run().culprit.value, "c23");
}

TEST_F(SessionTest, SkipsAStretchThatDoesNotBuild) {
  behave([](unsigned n, unsigned) {
    return n >= 28 && n < 36 ? std::optional(Behaviour::does_not_build) : std::nullopt;
  });
  EXPECT_EQ(run().culprit.value, "c23");
}

TEST_F(SessionTest, SaysSoWhenOnlySkipsAreLeft) {
  behave([](unsigned n, unsigned) {
    return n >= 20 && n < 30 ? std::optional(Behaviour::does_not_build) : std::nullopt;
  });
  const auto conclusion = run();
  EXPECT_EQ(conclusion.kind, Conclusion::Kind::only_skips_left);
  EXPECT_EQ(exit_code(conclusion), 3);
  EXPECT_THAT(conclusion.suspects, testing::Contains(CandidateId{"c23"}));
}

TEST_F(SessionTest, HuntsAHang) {
  kernels_.behaviour = [](const CandidateId& id, unsigned) {
    return number_of(id) <= k_culprit ? Behaviour::hangs : Behaviour::passes;
  };
  EXPECT_EQ(run().culprit.value, "c23");
  EXPECT_EQ(state().trials[0].ended->outcome.kind, Outcome::Kind::hung);
  EXPECT_FALSE(state().trials[0].ended->outcome.oopses.empty()) << "the NMI's panic belongs to the outcome";
}

TEST_F(SessionTest, HuntsAFailingWorkload) {
  kernels_.behaviour = [](const CandidateId& id, unsigned) {
    return number_of(id) <= k_culprit ? Behaviour::fails : Behaviour::passes;
  };
  EXPECT_EQ(run().culprit.value, "c23");
}

TEST_F(SessionTest, TakesNoVerdictFromABrokenLab) {
  for (const auto fault :
       {Behaviour::breaks_lab, Behaviour::vanishes, Behaviour::wrong_kernel, Behaviour::breaks_build}) {
    std::filesystem::remove(journal_path());
    kernels_.behaviour = [fault](const CandidateId& id, unsigned time) {
      if (time == 0) return fault;
      return number_of(id) <= k_culprit ? Behaviour::crashes : Behaviour::passes;
    };
    const auto conclusion = run();
    EXPECT_EQ(conclusion.culprit.value, "c23") << static_cast<int>(fault) << ": " << conclusion.reason;
    EXPECT_EQ(state().trials[0].ended->outcome.kind, Outcome::Kind::inconclusive);
  }
}

TEST_F(SessionTest, BootsAMuteKernelTwiceBeforeItSkips) {
  behave([](unsigned n, unsigned) { return n == 32 ? std::optional(Behaviour::mute) : std::nullopt; });
  EXPECT_EQ(run().culprit.value, "c23");
  EXPECT_EQ(std::count(booted_.begin(), booted_.end(), CandidateId{"c32"}), 2);
}

TEST_F(SessionTest, GivesUpOnADeadLabAndResumes) {
  auto usual = kernels_.behaviour;
  kernels_.behaviour = [](const CandidateId&, unsigned) { return Behaviour::breaks_lab; };
  EXPECT_THROW(run(), InfraError);
  EXPECT_EQ(booted_.size(), rules_.lab_retries + 1);
  kernels_.behaviour = usual;
  EXPECT_EQ(run().culprit.value, "c23");
}

TEST_F(SessionTest, CutAnywhereItResumesAndAsksNothingTwice) {
  run();
  const auto whole = slurp(journal_path());
  for (std::size_t cut = whole.find('\n') + 1; cut < whole.size(); cut += 97) {
    std::ofstream(journal_path(), std::ios::trunc) << whole.substr(0, cut);
    std::set<CandidateId> answered;
    for (const auto& trial : state().trials)
      if (trial.ended) answered.insert(trial.candidate);
    ASSERT_EQ(run().culprit.value, "c23") << "cut at byte " << cut;
    for (const auto& id : booted_)
      EXPECT_FALSE(answered.contains(id)) << id.value << " asked again, cut at " << cut;
  }
}

TEST_F(SessionTest, InterruptedAtAnyMomentItUnwindsAndResumes) {
  for (Millis at(500); at < Millis(400'000); at += Millis(7'300)) {
    std::filesystem::remove(journal_path());
    if (run_for(at)) break;
    EXPECT_FALSE(state().closed) << "interrupted after " << at.count() << " ms";
    ASSERT_EQ(run().culprit.value, "c23") << "interrupted after " << at.count() << " ms";
  }
}

TEST_F(SessionTest, DoesNotBootAKernelWhoseCodeWasJudged) {
  kernels_.code = [](const CandidateId& id) {
    return number_of(id) <= k_culprit ? std::string("bad") : std::string("good");
  };
  EXPECT_EQ(run().culprit.value, "c23");
  EXPECT_EQ(booted_.size(), 2U) << "the two ends are the only two kernels";
}

TEST_F(SessionTest, BuildsAheadWhileAGuestRuns) {
  kernels_.build_time = Millis(4000);
  rules_.build_ahead = BuildAhead::off;
  run();
  const auto plain = took_;
  std::filesystem::remove(journal_path());
  rules_.build_ahead = BuildAhead::on;
  EXPECT_EQ(run().culprit.value, "c23");
  EXPECT_LT(took_.count(), plain.count() * 3 / 4);
}

TEST_F(SessionTest, AsksACulpritsParentThatNobodyAsked) {
  // A merge of an old branch: the culprit's second parent lies outside the history.
  auto inside = parents_of_;
  parents_of_ = [inside](const CandidateId& id) {
    auto parents = inside(id);
    if (id.value == "c23") parents.push_back({"c5000"});
    return parents;
  };
  EXPECT_EQ(run().kind, Conclusion::Kind::found);
  EXPECT_EQ(recorder_.asked.back().value, "c5000");
}

TEST_F(SessionTest, GivenTitlesDecideWhatIsHunted) {
  rules_.hunt.titles = {"general protection fault in ext4_evict_inode"};
  behave([](unsigned n, unsigned) {
    return n <= 40 && n > k_culprit ? std::optional(Behaviour::crashes_other) : std::nullopt;
  });
  behave(
      [](unsigned n, unsigned) { return n == 0 ? std::optional(Behaviour::crashes_other) : std::nullopt; });
  const auto conclusion = run();
  EXPECT_EQ(conclusion.kind, Conclusion::Kind::found);
  EXPECT_EQ(conclusion.culprit.value, "c40");
}

}  // namespace
}  // namespace kverdict
