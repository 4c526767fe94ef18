#include "orchestrator/core/question/confidence.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace kverdict {
namespace {

constexpr unsigned k_size = 64;

Range line() {
  History::Builder builder;
  for (unsigned i = 0; i < k_size; ++i)
    builder.add({"c" + std::to_string(i)}, {{i + 1 < k_size ? "c" + std::to_string(i + 1) : "good"}});
  Range range;
  range.history = std::move(builder).build();
  range.bad = {"c0"};
  return range;
}

void runs(Evidence& evidence, const std::string& id, unsigned bad, unsigned good) {
  evidence.standings[{id}].bad = bad;
  evidence.standings[{id}].good = good;
}

double at(const std::vector<double>& posterior, unsigned i) {
  return posterior[i];
}

TEST(Confidence, IsEvenWhenNothingWasAsked) {
  const auto posterior = culprit_posterior(line(), {});
  EXPECT_NEAR(std::accumulate(posterior.begin(), posterior.end(), 0.0), 1, 1e-12);
  EXPECT_NEAR(at(posterior, 0), 1.0 / k_size, 1e-12);
}

TEST(Confidence, RisesWithEveryRunThatThePassingParentSurvives) {
  Evidence evidence;
  for (const auto* id : {"c0", "c8", "c16", "c20", "c22", "c23"}) runs(evidence, id, 1, 0);
  runs(evidence, "good", 0, 1);
  runs(evidence, "c32", 0, 1);
  runs(evidence, "c24", 0, 1);
  const auto once = at(culprit_posterior(line(), evidence), 23);
  runs(evidence, "c24", 0, 5);
  const auto often = at(culprit_posterior(line(), evidence), 23);
  EXPECT_GT(once, 0.5);
  EXPECT_GT(often, once);
  EXPECT_GT(often, 0.95);
}

TEST(Confidence, DoubtsAPassWhenTheBugShowsOnlySometimes) {
  Evidence always, sometimes;
  runs(always, "c0", 6, 0);
  runs(sometimes, "c0", 2, 10);
  for (auto* evidence : {&always, &sometimes}) {
    runs(*evidence, "c31", 1, 0);
    runs(*evidence, "c32", 0, 1);
  }
  EXPECT_GT(at(culprit_posterior(line(), always), 31), 3 * at(culprit_posterior(line(), sometimes), 31));
}

TEST(Confidence, AgreesWithTheSumDoneByHand) {
  // Two candidates; the older one failed once: it is the culprit, or the newer one is and that was a false
  // alarm.
  History::Builder builder;
  builder.add({"c0"}, {{"c1"}});
  builder.add({"c1"}, {{"good"}});
  Range range;
  range.history = std::move(builder).build();
  Evidence evidence;
  runs(evidence, "c1", 1, 0);
  const auto posterior = culprit_posterior(range, evidence);
  EXPECT_NEAR(posterior[0] + posterior[1], 1, 1e-12);
  EXPECT_GT(posterior[1], 0.97);
}

}  // namespace
}  // namespace kverdict
