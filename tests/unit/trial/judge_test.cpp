#include "orchestrator/core/trial/judge.hpp"

#include <gtest/gtest.h>

namespace kverdict {
namespace {

Oops oops(const std::string& title, const std::string& type = "DoS") {
  Oops result;
  result.title = title;
  result.type = type;
  return result;
}

Outcome outcome(Outcome::Kind kind, std::vector<Oops> oopses = {}) {
  Outcome result;
  result.kind = kind;
  result.oopses = std::move(oopses);
  return result;
}

const Signature k_hunted = signature_of({"kernel BUG in e1000_clean_rx_irq"});
const HuntPolicy k_default;

Verdict verdict(const Outcome& what, const HuntPolicy& policy = k_default,
                const Signature& hunted = k_hunted) {
  return judge(what, hunted, policy).verdict;
}

TEST(Judge, SaysNothingOfABrokenLab) {
  EXPECT_EQ(verdict(outcome(Outcome::Kind::inconclusive)), Verdict::nothing);
}

TEST(Judge, TakesTheHuntedCrashForBadWhereverItStands) {
  const auto both =
      outcome(Outcome::Kind::crashed, {oops("WARNING in foo"), oops("kernel BUG in e1000_clean_rx_irq")});
  EXPECT_EQ(verdict(both), Verdict::bad);
}

TEST(Judge, SkipsAnotherCrashUnlessThePolicySaysBad) {
  const auto other = outcome(Outcome::Kind::crashed, {oops("kernel BUG in ext4_evict_inode")});
  EXPECT_EQ(verdict(other), Verdict::skip);
  HuntPolicy policy;
  policy.other_crash = OtherCrash::bad;
  EXPECT_EQ(verdict(other, policy), Verdict::bad);
}

TEST(Judge, AsksAgainWhenTheReportIsTorn) {
  auto torn = oops("kernel BUG in corrupted");
  torn.corrupted = true;
  EXPECT_EQ(verdict(outcome(Outcome::Kind::crashed, {torn})), Verdict::nothing);
}

TEST(Judge, CountsAnyCrashWhenThePolicySaysSoWithOrWithoutATitleToHunt) {
  HuntPolicy policy;
  policy.other_crash = OtherCrash::bad;
  auto torn = oops("kernel BUG in corrupted");
  torn.corrupted = true;
  for (const auto& hunted : {k_hunted, Signature{}}) {
    EXPECT_EQ(verdict(outcome(Outcome::Kind::crashed, {torn}), policy, hunted), Verdict::bad);
    EXPECT_EQ(verdict(outcome(Outcome::Kind::crashed, {oops("KASAN: use-after-free in f")}), policy, hunted),
              Verdict::bad);
    EXPECT_EQ(verdict(outcome(Outcome::Kind::hung), policy, hunted), Verdict::bad);
  }
}

TEST(Judge, SkipsWhatCannotBeTested) {
  EXPECT_EQ(verdict(outcome(Outcome::Kind::build_failed)), Verdict::skip);
  EXPECT_EQ(verdict(outcome(Outcome::Kind::boot_failed)), Verdict::skip);
  EXPECT_EQ(verdict(outcome(Outcome::Kind::untestable)), Verdict::skip);
}

TEST(Judge, HuntsAHangOnlyIfItIsTheHuntedFailureOrThePolicySaysSo) {
  const auto hang = outcome(Outcome::Kind::hung);
  HuntPolicy bad, skip;
  bad.hang = HangPolicy::bad;
  skip.hang = HangPolicy::skip;
  const auto hunted_hang = signature_of({"hang"});
  EXPECT_EQ(verdict(hang), Verdict::skip);
  EXPECT_EQ(verdict(hang, bad), Verdict::bad);
  EXPECT_EQ(verdict(hang, k_default, hunted_hang), Verdict::bad);
  EXPECT_EQ(verdict(hang, skip, hunted_hang), Verdict::skip);
}

TEST(Judge, CountsASurvivedWarningByPolicy) {
  const auto warned = outcome(Outcome::Kind::passed, {oops("WARNING in foo", "WARNING")});
  const auto hunted = signature_of({"WARNING in foo"});
  HuntPolicy count, ignore;
  count.warning = WarningPolicy::count;
  ignore.warning = WarningPolicy::ignore;
  EXPECT_EQ(verdict(warned), Verdict::good);
  EXPECT_EQ(verdict(warned, k_default, hunted), Verdict::bad);
  EXPECT_EQ(verdict(warned, ignore, hunted), Verdict::good);
  EXPECT_EQ(verdict(warned, count), Verdict::skip);
}

TEST(Judge, CountsAnOomKillByItsOwnPolicy) {
  auto kill = oops("out of memory: killed process");
  kill.complaint = true;
  const auto passed = outcome(Outcome::Kind::passed, {kill});
  HuntPolicy count, warnings;
  count.complaint = WarningPolicy::count;
  warnings.warning = WarningPolicy::count;
  EXPECT_EQ(verdict(passed), Verdict::good);
  EXPECT_EQ(verdict(passed, warnings), Verdict::good);
  EXPECT_EQ(verdict(passed, count), Verdict::skip);
  EXPECT_EQ(verdict(passed, k_default, signature_of({kill.title})), Verdict::bad);
}

TEST(Judge, NamesAFailingWorkloadLikeACrash) {
  auto failed = outcome(Outcome::Kind::workload_failed);
  failed.workload = "churn";
  EXPECT_EQ(verdict(failed), Verdict::skip);
  EXPECT_EQ(verdict(failed, k_default, signature_of({"workload failed: churn"})), Verdict::bad);
  EXPECT_EQ(naming_complaints(failed).front().title, "workload failed: churn");
}

TEST(Judge, LearnsOnlyTheFirstOopsOfACrash) {
  const auto crash =
      outcome(Outcome::Kind::crashed, {oops("kernel BUG in a"), oops("BUG: soft lockup in b")});
  ASSERT_EQ(naming_complaints(crash).size(), 1U);
  EXPECT_EQ(naming_complaints(crash).front().title, "kernel BUG in a");
}

}  // namespace
}  // namespace kverdict
