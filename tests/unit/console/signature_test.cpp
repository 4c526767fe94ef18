#include "orchestrator/core/console/signature.hpp"

#include <gtest/gtest.h>

namespace kverdict {
namespace {

using Answer = Match::Answer;

Oops oops_of(const std::string& title, const std::vector<std::string>& alternatives = {}) {
  Oops oops;
  oops.title = title;
  oops.alternatives = alternatives;
  return oops;
}

TEST(Signature, MeetsACrashUnderItsOtherName) {
  Signature hunted;
  learn(hunted, oops_of("INFO: rcu detected stall in f", {"stall in f"}));
  EXPECT_EQ(match(hunted, oops_of("BUG: soft lockup in f", {"stall in f"})).answer, Answer::same);
  EXPECT_EQ(match(hunted, oops_of("BUG: soft lockup in g", {"stall in g"})).answer, Answer::different);
}

TEST(Signature, IsNotFooledByCompilersAndSyscallWrappers) {
  const auto hunted =
      signature_of({"WARNING in  e1000_clean.isra.0", "KASAN: use-after-free Read in __x64_sys_read"});
  EXPECT_EQ(match(hunted, oops_of("WARNING in e1000_clean")).answer, Answer::same);
  EXPECT_EQ(match(hunted, oops_of("WARNING in e1000_clean.cold")).answer, Answer::same);
  EXPECT_EQ(match(hunted, oops_of("KASAN: use-after-free Read in sys_read")).answer, Answer::same);
  EXPECT_EQ(match(hunted, oops_of("WARNING in e1000_clean_rx")).answer, Answer::different);
}

TEST(Signature, CallsATornReportSomeCrash) {
  const auto hunted = signature_of({"WARNING in f"});
  auto torn = oops_of("WARNING in corrupted");
  torn.corrupted = true;
  torn.why = "no call trace";
  const auto answer = match(hunted, torn);
  EXPECT_EQ(answer.answer, Answer::unclear);
  EXPECT_NE(answer.why.find("no call trace"), std::string::npos);
}

TEST(Signature, LearnsNothingFromATornReport) {
  Signature hunted;
  auto torn = oops_of("WARNING in corrupted");
  torn.corrupted = true;
  learn(hunted, torn);
  EXPECT_TRUE(hunted.empty());
  EXPECT_EQ(match(hunted, oops_of("WARNING in f")).answer, Answer::unclear);
}

TEST(Signature, KnowsFailuresThatAreNoOops) {
  const auto hunted = signature_of({"hang", "workload failed: iperf"});
  EXPECT_EQ(match(hunted, "hang").answer, Answer::same);
  EXPECT_EQ(match(hunted, "workload failed: churn").answer, Answer::different);
}

TEST(Signature, TakesTheBestAnswerOfATrial) {
  const auto hunted = signature_of({"WARNING in f"});
  auto torn = oops_of("WARNING in corrupted");
  torn.corrupted = true;
  const auto other = oops_of("WARNING in g");
  EXPECT_EQ(match(hunted, {other, oops_of("WARNING in f")}).answer, Answer::same);
  EXPECT_EQ(match(hunted, {other, torn}).answer, Answer::unclear);
  EXPECT_EQ(match(hunted, {other}).answer, Answer::different);
  EXPECT_EQ(match(hunted, std::vector<Oops>{}).answer, Answer::unclear);
}

}  // namespace
}  // namespace kverdict
