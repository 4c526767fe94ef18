#include "orchestrator/core/search/crash_time.hpp"

#include <gtest/gtest.h>

namespace kverdict {
namespace {

TEST(CrashTime, GoesFromNothingToAll) {
  const CrashTime blank({});
  EXPECT_EQ(blank.reached(0), 0);
  EXPECT_EQ(blank.reached(1), 1);
  for (double part = .1; part <= 1; part += .1) EXPECT_GE(blank.reached(part), blank.reached(part - .1));
}

TEST(CrashTime, LearnsThatCrashesComeEarly) {
  const std::vector<TimedCrash> early(12, {.05, 1});
  EXPECT_GT(CrashTime(early).reached(.3), .97);
  EXPECT_LT(CrashTime(early).mean_until(1), .12);
}

TEST(CrashTime, IsNotSureAfterAFewCrashes) {
  const std::vector<TimedCrash> two(2, {.05, 1});
  EXPECT_LT(CrashTime(two).reached(.2), .97);
}

TEST(CrashTime, KnowsThatAShortenedRunCouldNotHaveSeenALateCrash) {
  const std::vector<TimedCrash> whole{{.1, 1}, {.15, 1}, {.2, 1}, {.12, 1}, {.18, 1}};
  auto cut = whole;
  for (auto& crash : cut) crash.until = .22;
  EXPECT_LT(CrashTime(cut).reached(.22), CrashTime(whole).reached(.22) - .2);
}

}  // namespace
}  // namespace kverdict
