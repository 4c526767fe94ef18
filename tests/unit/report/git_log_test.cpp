#include "orchestrator/core/report/git_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runners/error.hpp"

namespace kverdict {
namespace {

TEST(GitLog, ReadsWhatGitWrites) {
  const auto log = parse_bisect_log(
      "# bad: [aaaa] newest\n# good: [bbbb] oldest\n"
      "git bisect start '--first-parent' 'aaaa' 'bbbb' '--' 'drivers/net' 'mm'\n"
      "# good: [cccc] middle\ngit bisect good cccc\ngit bisect skip dddd eeee\n"
      "git-bisect bad ffff\n# first bad commit: [ffff] x\n",
      "log");
  ASSERT_EQ(log.answers.size(), 6U);
  EXPECT_EQ(log.answers[0].revision, "aaaa");
  EXPECT_EQ(log.answers[0].verdict, Verdict::bad);
  EXPECT_EQ(log.answers[1].verdict, Verdict::good);
  EXPECT_EQ(log.answers[4].verdict, Verdict::skip);
  EXPECT_EQ(log.answers[5].revision, "ffff");
  EXPECT_TRUE(log.first_parent);
  EXPECT_THAT(log.paths, testing::ElementsAre("drivers/net", "mm"));
}

TEST(GitLog, RefusesWhatIsNoLogByLine) {
  for (const auto* text :
       {"git bisect start\nrm -rf /\n", "git bisect start\ngit bisect frobnicate x\n",
        "git bisect start\ngit bisect good 'open\n", "git bisect start\ngit bisect good\n"}) {
    try {
      parse_bisect_log(text, "log");
      ADD_FAILURE() << text;
    } catch (const UsageError& e) {
      EXPECT_THAT(e.what(), testing::StartsWith("log:2: "));
    }
  }
}

}  // namespace
}  // namespace kverdict
