#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include "tests/adapter/guest/sandbox.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using Words = std::vector<std::string>;

class Init : public testing::Test {
 protected:
  void SetUp() override {
    if (auto why = Sandbox::missing(); !why.empty()) GTEST_SKIP() << why;
    sandbox_.put("/kv/bin/actor", std::string(KV_BINARY_DIR) + "/guest-tests/kv-actor");
    job_.token = "t0ken 1";
    job_.heartbeat = 10s;
    job_.vitals = 0s;
  }

  GuestStep& step(Words arguments, std::chrono::milliseconds limit = 20s) {
    GuestStep one;
    one.name = "s" + std::to_string(job_.steps.size());
    one.argv = {"/kv/bin/actor"};
    one.argv.insert(one.argv.end(), arguments.begin(), arguments.end());
    one.limit = limit;
    job_.steps.push_back(one);
    return job_.steps.back();
  }

  void run() { markers_ = sandbox_.run(job_); }

  Words words() const {
    Words out;
    for (const auto& marker : markers_) out.push_back(marker.word);
    return out;
  }
  std::vector<Marker> all(const std::string& word) const {
    std::vector<Marker> out;
    for (const auto& marker : markers_)
      if (marker.word == word) out.push_back(marker);
    return out;
  }
  Words texts(const std::string& word) const {
    Words out;
    for (const auto& marker : all(word)) out.push_back(marker.field("text"));
    return out;
  }
  Marker end(const std::string& of = "s0") const {
    for (const auto& marker : all("end"))
      if (marker.field("step") == of) return marker;
    return {};
  }

  Sandbox sandbox_;
  GuestJob job_;
  std::vector<Marker> markers_;
};

TEST_F(Init, TellsItsLifeInOrder) {
  step({"exit", "0"});
  run();
  EXPECT_THAT(words(), ElementsAre("hello", "ready", "start", "end", "done"));
}

TEST_F(Init, SaysWhichKernelRunsAndRepeatsTheToken) {
  run();
  utsname kernel{};
  uname(&kernel);
  ASSERT_FALSE(markers_.empty());
  EXPECT_EQ(markers_[0].field("token"), "t0ken 1");
  EXPECT_EQ(markers_[0].field("release"), kernel.release);
  EXPECT_EQ(markers_[0].field("version"), kernel.version);
}

TEST_F(Init, ReportsHowAStepEnded) {
  step({"exit", "0"});
  step({"exit", "125"});
  step({"exit", "3"});
  step({"kill", "11"});
  run();
  EXPECT_EQ(end("s0").field("exit"), "0");
  EXPECT_EQ(end("s1").field("exit"), "125");
  EXPECT_EQ(end("s2").field("exit"), "3");
  EXPECT_EQ(end("s3").field("signal"), "11");
  EXPECT_EQ(end("s3").field("exit"), "");
}

TEST_F(Init, EndsAStepThatIsPastItsLimitAndGoesOn) {
  step({"hang"}, 150ms);
  step({"exit", "0"});
  run();
  EXPECT_EQ(end("s0").field("timeout"), "1");
  EXPECT_THAT(texts("note"), Contains(HasSubstr("past its limit, state S")));
  EXPECT_EQ(end("s1").field("exit"), "0");
  EXPECT_EQ(words().back(), "done");
}

TEST_F(Init, ForwardsWhatAStepPrints) {
  auto& one = step({"environment"});
  one.env["LEVEL"] = "7";
  run();
  EXPECT_THAT(texts("out"),
              testing::UnorderedElementsAre("folder /kv/files", "LEVEL 7", "to stderr", "no line end"));
}

TEST_F(Init, PassesBytesThroughUnharmed) {
  step({"say", "a%b \x01\xff", "@kv 0000 done uptime_ms=1", "\r"});
  run();
  EXPECT_THAT(texts("out"), ElementsAre("a%b \x01\xff", "@kv 0000 done uptime_ms=1", ""));
  EXPECT_EQ(all("done").size(), 1u);
}

TEST_F(Init, TurnsMetricLinesIntoMarkers) {
  step({"say", "KVMETRIC rate 12.5 1/s", "KVMETRIC bad x 1", "KVMETRIC inf inf 1", "KVMETRIC many 1 2 3"});
  run();
  ASSERT_EQ(all("metric").size(), 1u);
  auto metric = all("metric")[0];
  EXPECT_EQ(metric.field("step"), "s0");
  EXPECT_EQ(metric.field("name"), "rate");
  EXPECT_EQ(metric.field("value"), "12.5");
  EXPECT_EQ(metric.field("unit"), "1/s");
  EXPECT_EQ(texts("out").size(), 3u);
}

TEST_F(Init, AFloodFillsNoConsoleButItsEndIsSeen) {
  step({"flood", "200000"});
  run();
  auto lines = texts("out");
  EXPECT_LT(lines.size(), 200u);
  EXPECT_THAT(lines.front(), StartsWith("line 0 "));
  EXPECT_THAT(lines.back(), StartsWith("line 199999 "));
  EXPECT_THAT(texts("note"), Contains(HasSubstr("lines left out")));
  EXPECT_EQ(end().field("exit"), "0");
}

TEST_F(Init, ALineWithoutEndIsCut) {
  step({"long-line", "3000000"});
  run();
  auto lines = texts("out");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_LT(lines[0].size(), 1000u);
  EXPECT_EQ(lines[1], "after");
}

TEST_F(Init, LeavesNothingOfAStepBehind) {
  step({"orphans", "20"});
  step({"zombies", "50"});
  step({"exit", "0"});
  run();
  EXPECT_EQ(end("s0").field("exit"), "0");
  EXPECT_EQ(end("s2").field("exit"), "0");
  EXPECT_EQ(words().back(), "done");
}

TEST_F(Init, StartsAStepOnlyWhenItsServerListens) {
  auto& one = step({"connect", "7001"});
  one.peers = {{"/kv/bin/actor", "late-server", "7001"}};
  run();
  EXPECT_EQ(end().field("exit"), "0");
}

TEST_F(Init, CannotTellWhenAServerDiesBeforeItListens) {
  auto& one = step({"exit", "0"});
  one.peers = {{"/kv/bin/actor", "exit", "1"}};
  run();
  EXPECT_EQ(end().field("exit"), "125");
  EXPECT_THAT(texts("note"), Contains(HasSubstr("does not listen")));
}

TEST_F(Init, AProgramThatIsNotThereIsTheLabsMistake) {
  step({"exit", "0"}).argv = {"/kv/bin/nothing"};
  run();
  EXPECT_THAT(texts("fail"), ElementsAre(HasSubstr("/kv/bin/nothing: No such file")));
  EXPECT_THAT(words(), Not(Contains("done")));
}

TEST_F(Init, AJobThatIsCutIsTheLabsMistake) {
  auto text = encode(job_);
  markers_ = sandbox_.run_text(text.substr(0, text.size() - 4));
  EXPECT_THAT(texts("fail"), ElementsAre(HasSubstr("cut")));
}

TEST_F(Init, NamesWhatCouldNotBeSetUp) {
  job_.sysctls = {{"kernel.no_such_thing", "1"}, {"net.no_such_thing", "1"}};
  job_.modules = {"/lib/none.ko"};
  run();
  EXPECT_THAT(texts("note"), Contains(HasSubstr("kernel.no_such_thing")));
  EXPECT_THAT(texts("note"), Contains(HasSubstr("net.no_such_thing")));
  EXPECT_THAT(texts("note"), Contains(HasSubstr("/lib/none.ko: No such file")));
  EXPECT_EQ(words().back(), "done");
}

TEST_F(Init, AMissingNicIsTheLabsMistake) {
  job_.nics = {{"eth0", "10.0.0.1/24", "", "", false}};
  run();
  EXPECT_THAT(texts("fail"), ElementsAre(HasSubstr("0 of 1 NICs")));
}

TEST_F(Init, OutlivesItsOwnDirector) {
  job_.heartbeat = 20ms;
  step({"kill-other", "9", "2"});  // process 1 forks the director first
  run();
  EXPECT_THAT(texts("fail"), ElementsAre(HasSubstr("director ended with wait status 9")));
  EXPECT_THAT(words(), Not(Contains("done")));
}

TEST_F(Init, TellsHowItFaresWhileAStepRuns) {
  job_.vitals = 20ms;
  step({"hang"}, 300ms);
  run();
  const auto vitals = all("vital");
  ASSERT_GE(vitals.size(), 3u);
  for (const char* field : {"up", "cpu", "run", "mem", "sock", "sirq"})
    EXPECT_NE(vitals[1].field(field), "") << field;
}

TEST_F(Init, BeatsItsHeartWhileAStepRuns) {
  job_.heartbeat = 20ms;
  step({"hang"}, 300ms);
  run();
  EXPECT_GE(all("beat").size(), 5u);
  EXPECT_EQ(words().back(), "done");
}

}  // namespace
}  // namespace kverdict
