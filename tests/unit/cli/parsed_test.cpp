#include "orchestrator/cli/parsed.hpp"

#include <gmock/gmock.h>

#include "orchestrator/cli/options.hpp"

namespace kverdict {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view k_error =
    "[   10.000000] EXT4-fs error (device sda1): ext4_find_entry:1455: bad\n";
constexpr std::string_view k_oom = "[   10.000000] Out of memory: Killed process 7 (stress) total-vm:1kB\n";
constexpr std::string_view k_lockup =
    "[   11.000000] BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 33s!\n"
    "[   12.000000] nothing more\n";
constexpr std::string_view k_panic =
    "[   13.000000] Kernel panic - not syncing: hung_task: blocked tasks\n"
    "[   13.000001] Rebooting in 1 seconds..\n";

std::vector<std::string> titles_of(const std::vector<std::string_view>& chunks, ParseExtent extent) {
  LogParse parse(extent);
  std::vector<std::string> titles;
  const auto keep = [&] {
    for (const auto& oops : parse.take()) titles.push_back(oops.title);
  };
  for (const auto chunk : chunks) {
    parse.feed(chunk);
    keep();
  }
  parse.finish();
  keep();
  return titles;
}

TEST(Parsed, TheFirstCrashNamesTheLog) {
  EXPECT_THAT(titles_of({k_oom, k_lockup, k_panic}, ParseExtent::first),
              ElementsAre("BUG: workqueue lockup"));
}

TEST(Parsed, AnOomKillNamesALogThatHoldsNoCrash) {
  EXPECT_THAT(titles_of({k_oom}, ParseExtent::first), ElementsAre("out of memory: killed process"));
  EXPECT_THAT(titles_of({k_error}, ParseExtent::first), IsEmpty());
}

TEST(Parsed, AllReportsComeInOrder) {
  EXPECT_THAT(titles_of({k_error, k_lockup}, ParseExtent::all),
              ElementsAre("EXT4-fs error", "BUG: workqueue lockup"));
}

TEST(Parsed, APeacefulLogSaysNothing) {
  EXPECT_THAT(titles_of({"[    1.000000] all is well\n"}, ParseExtent::all), IsEmpty());
}

TEST(Parsed, ReadingStopsOnceTheFirstCrashIsSure) {
  LogParse parse(ParseExtent::first);
  parse.feed(k_lockup);
  EXPECT_FALSE(parse.decided());  // more of it may come
  parse.feed("[  100.000000] BUG: Bad rss-counter state mm:00000000 type:MM_FILEPAGES val:1\n");
  parse.feed("[  200.000000] much later\n");
  EXPECT_TRUE(parse.decided());
}

TEST(Parsed, JsonHoldsItsKeysInOrder) {
  Oops oops;
  oops.title = "general protection fault in f";
  oops.alternatives = {"bad-access in f"};
  oops.kind = "gpf";
  oops.type = "DoS";
  oops.begin = 3;
  oops.end = 9;
  EXPECT_EQ(parsed_json("x", oops),
            R"({"id":"x","title":"general protection fault in f","alt":["bad-access in f"],)"
            R"("kind":"gpf","type":"DoS","corrupted":false,"start":3,"end":9})"
            "\n");
  EXPECT_EQ(no_crash_json("x"), "{\"id\":\"x\"}\n");
}

TEST(Parsed, AnIdIsTheFilesNameWithoutItsEnding) {
  EXPECT_EQ(log_id("some/dir/x-null.log"), "x-null");
  EXPECT_EQ(log_id("console"), "console");
  EXPECT_EQ(log_id("-"), "-");
}

TEST(Parsed, TextSaysWhoWhereAndWhy) {
  Oops oops;
  oops.title = "WARNING in f";
  oops.process = "insmod";
  oops.pid = 89;
  oops.cpu = 1;
  oops.taint = "GO";
  oops.why = "no call trace";
  oops.trace = {{"f", "mod"}, {"g", ""}};
  const auto text = parsed_text("a.log", oops);
  EXPECT_THAT(text, HasSubstr("a.log: WARNING in f\n"));
  EXPECT_THAT(text, HasSubstr("insmod[89] on CPU 1, tainted GO\n"));
  EXPECT_THAT(text, HasSubstr("torn: no call trace\n"));
  EXPECT_THAT(text, HasSubstr("trace: f [mod] < g\n"));
}

TEST(Parsed, WithoutAFileTheStandardInputIsRead) {
  const auto bare = std::get<ParseCommand>(parse_options({"parse"}).command);
  EXPECT_THAT(bare.paths, ElementsAre("-"));
  EXPECT_EQ(bare.extent, ParseExtent::first);
  const auto named = std::get<ParseCommand>(parse_options({"parse", "--all", "a", "b"}).command);
  EXPECT_THAT(named.paths, ElementsAre("a", "b"));
  EXPECT_EQ(named.extent, ParseExtent::all);
}

}  // namespace
}  // namespace kverdict
