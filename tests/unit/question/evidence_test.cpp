#include "orchestrator/core/question/evidence.hpp"

#include <gtest/gtest.h>

namespace kverdict {
namespace {

// A session's facts, one trial after the other.
class Facts {
 public:
  Facts() { state.opened.bad = {"bad"}; }

  std::uint32_t trial(const std::string& id, Outcome::Kind kind, int exposed_ms = 1000) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.exposure = std::chrono::milliseconds(exposed_ms);
    if (kind == Outcome::Kind::crashed) {
      Oops oops;
      oops.title = "kernel BUG in f";
      outcome.oopses = {oops};
    }
    const auto number = state.next_trial();
    add(TrialStarted{number, {id}});
    add(TrialEnded{number, {id}, outcome, "", "vm", {}, {}});
    return number;
  }
  void add(Event event) { apply(state, Entry{{}, std::move(event)}); }
  Standing of(const std::string& id) const { return weigh(state, {}).of({id}); }

  State state;
};

TEST(Evidence, AStallOnAStarvedHostIsAskedAgainAndThenBelieved) {
  Facts facts;
  facts.trial("bad", Outcome::Kind::crashed);
  Outcome stall;
  stall.kind = Outcome::Kind::crashed;
  stall.suspect = "a stall on a starved host";
  stall.oopses.emplace_back();
  stall.oopses[0].title = "kernel BUG in f";
  const auto ask = [&] {
    const auto number = facts.state.next_trial();
    facts.add(TrialStarted{number, {"a"}});
    facts.add(TrialEnded{number, {"a"}, stall, "", "vm", {}, {}});
  };
  ask();
  EXPECT_EQ(facts.of("a").verdict, Verdict::nothing);
  EXPECT_NE(facts.of("a").reason.find("starved host; asked again"), std::string::npos);
  ask();
  EXPECT_EQ(facts.of("a").verdict, Verdict::bad);
}

TEST(Evidence, ATrialThatWasTakenOutWasNeverMade) {
  Facts facts;
  facts.trial("bad", Outcome::Kind::crashed);
  const auto wrong = facts.trial("a", Outcome::Kind::crashed);
  facts.trial("a", Outcome::Kind::passed);
  EXPECT_EQ(facts.of("a").verdict, Verdict::bad);
  facts.add(Undone{Undone::What::trial, {"a"}, wrong});
  EXPECT_EQ(facts.of("a").verdict, Verdict::good);
  EXPECT_EQ(facts.of("a").runs(), 1U);
}

TEST(Evidence, ATrialTakenOutTeachesNoSignature) {
  Facts facts;
  facts.add(Undone{Undone::What::trial, {"bad"}, facts.trial("bad", Outcome::Kind::crashed)});
  EXPECT_EQ(failure_at_bad_end(facts.state), nullptr);
  EXPECT_TRUE(weigh(facts.state, {}).hunted.empty());
}

TEST(Evidence, AMarkedTrialSaysWhatThePersonSays) {
  Facts facts;
  facts.trial("bad", Outcome::Kind::crashed);
  const auto trial = facts.trial("a", Outcome::Kind::crashed);
  facts.add(Marked{{"a"}, trial, Verdict::skip, "the disk was full"});
  EXPECT_EQ(facts.of("a").verdict, Verdict::skip);
  EXPECT_EQ(facts.of("a").reason, "marked by hand: the disk was full");
  facts.add(Undone{Undone::What::mark, {"a"}, trial});
  EXPECT_EQ(facts.of("a").verdict, Verdict::bad);
}

TEST(Evidence, AMarkedCandidateNeedsNoTrial) {
  Facts facts;
  facts.add(Marked{{"a"}, 0, Verdict::good, ""});
  EXPECT_EQ(facts.of("a").verdict, Verdict::good);
  EXPECT_TRUE(facts.of("a").marked);
}

TEST(Evidence, AStoppedTrialLeavesItsExposureAndNoVerdict) {
  Facts facts;
  facts.trial("bad", Outcome::Kind::crashed);
  facts.trial("a", Outcome::Kind::stopped, 700);
  EXPECT_EQ(facts.of("a").verdict, Verdict::nothing);
  EXPECT_EQ(facts.of("a").stopped, 1U);
  EXPECT_EQ(facts.of("a").runs(), 0U);
  EXPECT_EQ(facts.of("a").exposure, std::chrono::milliseconds(700));
}

}  // namespace
}  // namespace kverdict
