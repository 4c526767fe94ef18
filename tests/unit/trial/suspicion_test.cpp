#include "orchestrator/core/trial/suspicion.hpp"

#include <gtest/gtest.h>

namespace kverdict {
namespace {

Outcome crash(const std::string& type) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::crashed;
  outcome.oopses.emplace_back();
  outcome.oopses[0].type = type;
  return outcome;
}

constexpr HostPressure k_calm{0.01, 0.2, 0.8};
constexpr HostPressure k_starved{0.0, 0.9, 4.0};
constexpr HostPressure k_robbed{0.3, 0.1, 0.5};

TEST(Suspicion, FallsOnStallsOfAStarvedHost) {
  EXPECT_NE(suspicion(crash("HANG"), k_starved), "");
  EXPECT_NE(suspicion(crash("HANG"), k_robbed), "");
  Outcome hung;
  hung.kind = Outcome::Kind::hung;
  EXPECT_NE(suspicion(hung, k_starved), "");
}

TEST(Suspicion, FallsOnNothingElse) {
  EXPECT_EQ(suspicion(crash("HANG"), k_calm), "");
  EXPECT_EQ(suspicion(crash("MEMORY_SAFETY_BUG"), k_starved), "");
  EXPECT_EQ(suspicion(Outcome{}, k_starved), "");
}

}  // namespace
}  // namespace kverdict
