// Whole sessions of the search against made-up worlds: right as often as it says, in a second.
#include <gtest/gtest.h>

#include "orchestrator/core/rehearse/rehearse.hpp"

namespace kverdict {
namespace {

struct Line {
  Range range;
  Lineage lineage;

  explicit Line(unsigned size) : range(make(size)), lineage(range.history) {}

  static Range make(unsigned size) {
    History::Builder builder;
    for (unsigned i = size; i-- > 0;)
      builder.add({"c" + std::to_string(i)}, {{i > 0 ? "c" + std::to_string(i - 1) : "good"}});
    Range range;
    range.history = std::move(builder).build();
    range.bad = {"c" + std::to_string(size - 1)};
    range.goods = {{"good"}};
    return range;
  }
};

BisectRules bayes(Ends ends = Ends::trusted) {
  BisectRules rules;
  rules.method = Method::bayes;
  rules.ends = ends;
  return rules;
}

struct Sum {
  unsigned nights = 0, right = 0, trials = 0, stopped = 0;
  double seconds = 0;
};

Sum nights(const Line& line, unsigned count, World world, const BisectRules& rules, const Lab& lab) {
  Sum sum;
  for (unsigned i = 0; i < count; ++i) {
    Chance chance(900 + i);
    world.culprit = position_at(chance.below(static_cast<std::uint32_t>(line.range.history.size())));
    const auto night = rehearse_night(line.range, line.lineage, rules, world, lab, 500 + i);
    ++sum.nights;
    sum.right += night.right;
    sum.trials += night.trials;
    sum.stopped += night.stopped;
    sum.seconds += night.seconds;
  }
  return sum;
}

TEST(Rehearse, IsTheSameNightForTheSameSeed) {
  const Line line(64);
  World world;
  world.culprit = Position{20};
  world.rate = .3;
  const auto once = rehearse_night(line.range, line.lineage, bayes(), world, {}, 4);
  const auto again = rehearse_night(line.range, line.lineage, bayes(), world, {}, 4);
  EXPECT_EQ(once.trials, again.trials);
  EXPECT_EQ(once.seconds, again.seconds);
  EXPECT_EQ(once.conclusion, again.conclusion);
}

TEST(Rehearse, NamesTheCulpritOfABugThatAlwaysShows) {
  const Line line(200);
  const auto sum = nights(line, 10, {}, bayes(Ends::check), {});
  EXPECT_EQ(sum.right, sum.nights);
  EXPECT_LT(sum.trials, 22 * sum.nights);
}

TEST(Rehearse, NamesTheCulpritOfABugThatShowsInAThirdOfTheRuns) {
  const Line line(64);
  World world;
  world.rate = .3;
  const auto sum = nights(line, 6, world, bayes(Ends::check), {});
  EXPECT_GE(sum.right + 1, sum.nights);
}

TEST(Rehearse, FourMachinesAreMuchFasterThanOne) {
  const Line line(64);
  World world;
  world.rate = .4;
  const auto one = nights(line, 4, world, bayes(), {});
  Lab four;
  four.machines = 4;
  const auto more = nights(line, 4, world, bayes(), four);
  EXPECT_GE(more.right + 1, more.nights);
  EXPECT_GT(one.seconds, 2 * more.seconds);
  EXPECT_GT(more.stopped, 0U);
}

TEST(Rehearse, GoesAroundStretchesThatDoNotBuildAndSaysSoWhenNothingElseIsLeft) {
  const Line line(100);
  World world;
  world.untestable.assign(100, false);
  for (std::size_t i = 40; i < 60; ++i) world.untestable[i] = true;
  world.culprit = Position{50};
  const auto inside = rehearse_night(line.range, line.lineage, bayes(), world, {}, 1);
  ASSERT_TRUE(inside.conclusion);
  EXPECT_EQ(inside.conclusion->kind, Conclusion::Kind::only_skips_left);
  EXPECT_TRUE(inside.right);
  world.culprit = Position{10};
  const auto outside = rehearse_night(line.range, line.lineage, bayes(), world, {}, 2);
  EXPECT_EQ(outside.conclusion->kind, Conclusion::Kind::found);
  EXPECT_TRUE(outside.right);
}

TEST(Rehearse, FindsTheFix) {
  const Line line(64);
  auto rules = bayes(Ends::check);
  rules.find = Find::fix;
  World world;
  world.rate = .5;
  const auto sum = nights(line, 5, world, rules, {});
  EXPECT_GE(sum.right + 1, sum.nights);
}

TEST(Rehearse, SaysWhenTheBadEndNeverFails) {
  const Line line(30);
  World world;
  world.rate = 0;
  const auto night = rehearse_night(line.range, line.lineage, bayes(Ends::check), world, {}, 3);
  ASSERT_TRUE(night.conclusion);
  EXPECT_EQ(night.conclusion->kind, Conclusion::Kind::ends_wrong);
}

TEST(Rehearse, SaysWhenTheGoodEndFailsLikeTheBadOne) {
  const Line line(30);
  World world;
  world.rate = .8;
  world.false_alarms = .8;
  const auto night = rehearse_night(line.range, line.lineage, bayes(Ends::check), world, {}, 3);
  ASSERT_TRUE(night.conclusion);
  EXPECT_EQ(night.conclusion->kind, Conclusion::Kind::ends_wrong);
}

TEST(Rehearse, ForetellsHowLongItTakesAndWhereItIsWeak) {
  const Line line(40);
  Assumptions assumptions;
  assumptions.rate = 1;
  const auto sure = rehearse(line.range, line.lineage, bayes(), assumptions, {}, {}, {12, 1});
  EXPECT_EQ(sure.right, sure.nights);
  EXPECT_GT(sure.median_seconds, 300);
  EXPECT_GE(sure.late_seconds, sure.median_seconds);
  Lab hurried;
  hurried.deadline = 400;
  const auto cut = rehearse(line.range, line.lineage, bayes(), assumptions, hurried, {}, {12, 1});
  EXPECT_GT(cut.undecided, 6U);
  EXPECT_FALSE(cut.weak_spots.empty());
}

}  // namespace
}  // namespace kverdict
