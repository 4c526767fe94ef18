// Small words: units, nearest names, text for terminals, tables, progress.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "orchestrator/cli/progress.hpp"
#include "orchestrator/cli/table.hpp"
#include "orchestrator/cli/time_of_day.hpp"
#include "orchestrator/cli/units.hpp"
#include "workloads/nearest.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Units, DurationsNeedTheirUnit) {
  const std::vector<std::pair<std::string, std::optional<Millis>>> table{
      {"5s", 5s},
      {"500ms", 500ms},
      {"45min", 45min},
      {"45m", 45min},
      {"1h30min", 90min},
      {"1 h 30 min", 90min},
      {"1.5s", 1500ms},
      {"0", 0ms},
      {"2d", 48h},
      {"0s", 0ms},
      {"5", std::nullopt},
      {"", std::nullopt},
      {"s", std::nullopt},
      {"-5s", std::nullopt},
      {"5 sec", std::nullopt},
      {"1.0005s", std::nullopt},
      {"1.s", std::nullopt},
      {".5s", std::nullopt},
      {"5S", std::nullopt},
      {"99999999999999999999s", std::nullopt},
      {"5s x", std::nullopt},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(parse_duration(text), expected) << text;
}

TEST(Units, SizesNeedTheirUnit) {
  const std::vector<std::pair<std::string, std::optional<Bytes>>> table{
      {"256MiB", Bytes{256ULL << 20}},
      {"20GB", Bytes{20'000'000'000}},
      {"1.5GiB", Bytes{3ULL << 29}},
      {"1 kB", Bytes{1000}},
      {"7B", Bytes{7}},
      {"0", Bytes{0}},
      {"256", std::nullopt},
      {"256M", std::nullopt},
      {"1GB1GB", std::nullopt},
      {"0.1B", std::nullopt},
      {"999999999TiB", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(parse_size(text), expected) << text;
}

TEST(Units, WrittenValuesReadBack) {
  for (Millis value : {0ms, 1ms, 1500ms, Millis(60s), Millis(90min), Millis(48h), 86'399'999ms}) {
    EXPECT_EQ(parse_duration(to_text(value)), value) << to_text(value);
  }
  for (std::uint64_t value :
       {0ULL, 1ULL, 1000ULL, 1024ULL, 20'000'000'000ULL, 256ULL << 20, 123'456'789ULL}) {
    EXPECT_EQ(parse_size(to_text(Bytes{value})), Bytes{value}) << to_text(Bytes{value});
  }
  EXPECT_EQ(to_text(Bytes{20'000'000'000}), "20GB");
  EXPECT_EQ(to_text(Millis(90min)), "90min");
}

TEST(Nearest, CountsEditsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("jobs", "jobs"), 0u);
  EXPECT_EQ(edit_distance("josb", "jobs"), 1u);
  EXPECT_EQ(edit_distance("job", "jobs"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("JOBS", "jobs"), 0u);
}

TEST(Nearest, NamesOnlyWhatIsNear) {
  constexpr std::string_view k_names[] = {"fragments", "limit", "jobs", "base"};
  EXPECT_EQ(nearest("fragmnets", k_names), "fragments");
  EXPECT_EQ(nearest("limits", k_names), "limit");
  EXPECT_EQ(nearest("elephant", k_names), "");
  EXPECT_EQ(nearest("x", k_names), "");
  EXPECT_EQ(nearest("", k_names), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'a'), k_names), "");
}

TEST(Printable, GuestsAndRepositoriesCannotSteerTheTerminal) {
  EXPECT_EQ(printable("net: fix \x1b[2Jbug\r\n"), "net: fix ?[2Jbug??");
  EXPECT_EQ(printable("J\xc3\xb6rg \xe2\x82\xac"), "J\xc3\xb6rg \xe2\x82\xac");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "??31m");  // the one-byte CSI, as UTF-8
  EXPECT_EQ(printable("a\xe2\x80\xae"
                      "b"),
            "a???b");  // right-to-left override
  EXPECT_EQ(printable("\xff\xc3"), "??");
  EXPECT_EQ(printable("\xed\xa0\x80"), "???");  // a surrogate
  EXPECT_EQ(printable("\xe2\x80\xa6"), "\xe2\x80\xa6");
}

TEST(Printable, ShortensByCharactersNotBytes) {
  EXPECT_EQ(columns("J\xc3\xb6rg"), 4u);
  EXPECT_EQ(shortened("J\xc3\xb6rg", 4), "J\xc3\xb6rg");
  EXPECT_EQ(shortened("J\xc3\xb6rgen", 5), "J\xc3\xb6...");
  EXPECT_EQ(shortened("abc", 2), "ab");
  EXPECT_EQ(shortened("abc", 0), "");
}

TEST(Table, ColumnsAreAsWideAsTheirCells) {
  const std::vector<Column> head{{"SESSION"}, {"TRIALS", Align::right}, {"RESULT"}};
  const std::vector<std::vector<Cell>> rows{{{"linux-1"}, {"12"}, {"culprit 1a2b3c4", Paint::bad}},
                                            {{"a"}, {"7"}}};
  EXPECT_EQ(render_table(head, rows, Terminal{}),
            "SESSION  TRIALS  RESULT\n"
            "linux-1      12  culprit 1a2b3c4\n"
            "a             7\n");
}

TEST(Table, OnATerminalTheLastColumnIsCut) {
  const Terminal narrow{Redraw::in_place, Colors::on, 20};
  const std::string text =
      render_table({{"A"}, {"B"}}, {{{"1"}, {std::string(50, 'x'), Paint::good}}}, narrow);
  EXPECT_THAT(text, HasSubstr("1  \x1b[32m" + std::string(14, 'x') + "...\x1b[0m\n"));
}

TEST(Terminal, AFileIsNeverDrawnAgainOrColoured) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  const Terminal terminal = terminal_of(fileno(file), {{"TERM", "xterm"}}, ColorChoice::automatic);
  EXPECT_EQ(terminal.redraw, Redraw::never);
  EXPECT_EQ(terminal.colors, Colors::off);
  std::fclose(file);
}

TEST(Terminal, NoColorIsRespected) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0) GTEST_SKIP() << "no pseudo terminals here";
  EXPECT_EQ(terminal_of(terminal, {{"TERM", "xterm"}}, ColorChoice::automatic).colors, Colors::on);
  EXPECT_EQ(terminal_of(terminal, {{"TERM", "xterm"}, {"NO_COLOR", "1"}}, ColorChoice::automatic).colors,
            Colors::off);
  EXPECT_EQ(terminal_of(terminal, {{"TERM", "xterm"}, {"NO_COLOR", ""}}, ColorChoice::automatic).colors,
            Colors::on);
  EXPECT_EQ(terminal_of(terminal, {{"TERM", "xterm"}}, ColorChoice::never).colors, Colors::off);
  EXPECT_EQ(terminal_of(terminal, {{"TERM", "dumb"}}, ColorChoice::automatic).redraw, Redraw::never);
  EXPECT_EQ(terminal_of(terminal, {{"TERM", "xterm"}}, ColorChoice::automatic).width, 80u);
  close(terminal);
}

ProgressView building() {
  ProgressView view;
  view.trial = 3;
  view.trials_left = 4;
  view.candidates_left = 18;
  view.activity = Activity::building;
  view.candidate = "1a2b3c4d5e6f";
  view.subject = "net: e1000: tidy the receive ring";
  view.activity_elapsed = 12s;
  view.activity_expected = 40s;
  view.left = 185s;
  return view;
}

TEST(Progress, SaysWhatIsDoneAndWhatIsLeft) {
  EXPECT_EQ(
      render_progress(building(), {Redraw::in_place, Colors::off, 140}),
      "[3/~6] building 1a2b3c4d5e6f (net: e1000: tidy the receive ring) 12 s of ~40 s | 18 candidates left, "
      "ETA 3 min 05 s");
}

TEST(Progress, NeverIsWiderThanTheTerminalOrHasLineEnds) {
  ProgressView view = building();
  view.subject = "evil\n\x1b[2J" + std::string(5000, 'x');
  for (std::size_t width = 1; width < 200; ++width) {
    const std::string line = render_progress(view, {Redraw::in_place, Colors::off, width});
    EXPECT_LE(columns(line), width);
    EXPECT_EQ(line.find_first_of("\n\x1b"), std::string::npos);
  }
}

TEST(Progress, AStepIsOneLineWithItsReason) {
  StepView step;
  step.trial = 4;
  step.candidate = "1a2b3c4";
  step.verdict = Verdict::bad;
  step.reason = "panicked with the hunted title";
  step.build = 9s;
  step.run = 4200ms;
  step.candidates_left = 1;
  step.trials_left = 2;
  step.left = 26s;
  EXPECT_EQ(
      render_step(step, Terminal{}),
      "trial 4: 1a2b3c4 bad: panicked with the hunted title; build 9 s, run 4 s; 1 candidate left, about 2 "
      "trials, ETA 26 s");
}

TEST(Progress, BriefTimesReadLikeSpeech) {
  EXPECT_EQ(brief(-5s), "0 s");
  EXPECT_EQ(brief(59'499ms), "59 s");
  EXPECT_EQ(brief(59'600ms), "1 min 00 s");
  EXPECT_EQ(brief(72min), "1 h 12 min");
}

TEST(Pace, TheFirstBuildIsNoMeasureForTheOthers) {
  Pace pace;
  EXPECT_EQ(pace.expected(3), std::nullopt);
  pace.add_build(300s);
  pace.add_run(4s);
  EXPECT_EQ(pace.expected(3), std::nullopt) << "how long a step takes is not known yet";
  pace.add_build(10s);
  pace.add_build(90s);
  pace.add_build(12s);
  pace.add_run(4s);
  EXPECT_EQ(pace.expected_build(), Millis(12s));
  EXPECT_EQ(pace.expected(2), Millis(32s));
}

// What a ProgressLine writes.
std::string written(const Terminal& terminal, const std::function<void(ProgressLine&)>& use) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  {
    ProgressLine line(stream, terminal);
    use(line);
  }
  std::fclose(stream);
  std::string result(text, size);
  std::free(text);
  return result;
}

TEST(ProgressLine, RedrawsOnlyWhatChangedAndLeavesNothingBehind) {
  const std::string text = written({Redraw::in_place, Colors::off, 140}, [](ProgressLine& line) {
    line.show(building());
    line.show(building());
    line.say("note");
  });
  EXPECT_EQ(text, "\r" + render_progress(building(), {Redraw::in_place, Colors::off, 139}) +
                      "\x1b[K\r\x1b[Knote\n");
}

TEST(ProgressLine, InAFileOnlyStepsAreWritten) {
  const std::string text = written(Terminal{}, [](ProgressLine& line) {
    line.show(building());
    line.say("no\x1bte");
  });
  EXPECT_EQ(text, "no?te\n");
}

TEST(TimeOfDay, IsTodayOrTomorrow) {
  std::tm noon{};
  noon.tm_year = 126;
  noon.tm_mday = 15;
  noon.tm_hour = 12;
  noon.tm_isdst = -1;
  const auto now = std::chrono::system_clock::from_time_t(std::mktime(&noon));
  EXPECT_EQ(next_time_of_day("12:30", now), now + std::chrono::minutes(30));
  EXPECT_EQ(next_time_of_day("8:00", now), now + std::chrono::hours(20));
  EXPECT_EQ(next_time_of_day("12:00", now), now + std::chrono::hours(24)) << "not at once";
  for (const char* none : {"", "8", "24:00", "08:60", "8:00pm", "-1:00", "08:00:00", "1000:00"})
    EXPECT_FALSE(next_time_of_day(none, now)) << none;
}

}  // namespace
}  // namespace kverdict
