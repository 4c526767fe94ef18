#include "orchestrator/core/console/lines.hpp"

#include <gmock/gmock.h>

#include "tests/fuzz/console/invariants.hpp"

namespace kverdict {
namespace {

using std::chrono::microseconds;
using testing::ElementsAre;

std::vector<std::string> texts(std::string_view bytes) {
  std::vector<std::string> out;
  for (const auto& line : fuzz::lines_of(bytes, bytes.size())) out.push_back(line.text);
  return out;
}

fuzz::Seen only(std::string_view bytes) {
  const auto lines = fuzz::lines_of(bytes, bytes.size());
  EXPECT_EQ(lines.size(), 1u);
  return lines.empty() ? fuzz::Seen{} : lines.front();
}

TEST(Lines, EndWithAnyKindOfReturn) {
  EXPECT_THAT(texts("one\r\ntwo\nthree\r\r\n 10%\r 20%\rdone"),
              ElementsAre("one", "two", "three", " 10%", " 20%", "done"));
}

TEST(Lines, LoseEscapesAndNulsButKnowWhereTheyStood) {
  constexpr char k_bytes[] = "\x1b[32m[    1.000002] \x1b[0m\0a\x1b[33mb\x1b[0m\n";
  const auto line = only({k_bytes, sizeof k_bytes - 1});
  EXPECT_EQ(line.text, "ab");
  EXPECT_EQ(line.time, 1'000'002);
  EXPECT_EQ(line.begin, 0u);
  EXPECT_EQ(line.end, sizeof k_bytes - 1);
}

struct PrefixCase {
  const char* line;
  const char* text;
  std::int64_t time;
  int level;
  const char* caller;
};

class Prefixes : public testing::TestWithParam<PrefixCase> {};

TEST_P(Prefixes, AreTakenOffWithoutBeingToldWhichTheyAre) {
  const auto& wanted = GetParam();
  const auto line = only(std::string(wanted.line) + "\n");
  EXPECT_EQ(line.text, wanted.text);
  EXPECT_EQ(line.time, wanted.time);
  EXPECT_EQ(line.level, wanted.level);
  EXPECT_EQ(line.caller, wanted.caller);
}

INSTANTIATE_TEST_SUITE_P(
    All, Prefixes,
    testing::Values(PrefixCase{"no prefix", "no prefix", -1, -1, ""},
                    PrefixCase{"[    0.000000] Linux version 6.1", "Linux version 6.1", 0, -1, ""},
                    PrefixCase{"<6>[   12.345678][  T126] hello", "hello", 12'345'678, 6, "T126"},
                    PrefixCase{"[   12.345678][    C0]  indented", " indented", 12'345'678, -1, "C0"},
                    PrefixCase{"4,1000,12345678,-,caller=T12;hello", "hello", 12'345'678, 4, "T12"},
                    PrefixCase{"4,362,4844490,-;a \\x5cb", "a \\b", 4'844'490, 4, ""},
                    PrefixCase{"Mar  1 12:00:00 dut7 kernel: [    1.000000] hi", "hi", 1'000'000, -1, ""},
                    PrefixCase{"2026-03-01T12:00:00.000001+00:00 BUG: x", "BUG: x", -1, -1, ""},
                    PrefixCase{"2026-03-01 12:00:00 [    1.000000] x", "x", 1'000'000, -1, ""},
                    PrefixCase{"2018/01/09 14:28:48 BUG: memory leak", "BUG: memory leak", -1, -1, ""},
                    PrefixCase{"[Sun Mar  1 12:00:00 2026] x", "x", -1, -1, ""},
                    PrefixCase{"[Sun Mar  1 12:00:00 2026] [   T12] x", "x", -1, -1, "T12"},
                    PrefixCase{"kern  :warn  : [    1.000000] x", "x", 1'000'000, 4, ""},
                    PrefixCase{"[    1.000000] dut7 kernel: x", "x", 1'000'000, -1, ""},
                    PrefixCase{"1772366400.000123 [    1.000000] x", "x", 1'000'000, -1, ""},
                    PrefixCase{"[  +0.000123] x", "x", -1, -1, ""},
                    PrefixCase{"[Mar 1 12:00] x", "x", -1, -1, ""},
                    PrefixCase{"[12:00:00.123] x", "x", -1, -1, ""},
                    PrefixCase{"1234 widgets, 5 sold", "1234 widgets, 5 sold", -1, -1, ""}));

TEST(Lines, LearnAPrefixThatNobodyKnows) {
  EXPECT_THAT(
      texts("dut-7| [    1.000000] a\ndut-7| [    2.000000] b\ndut-7| user says\ndut-7| [    3.000000] c\n"),
      ElementsAre("dut-7| ", "a", "b", "user says", "c"));
}

TEST(Lines, SplitTwoMessagesThatLostTheirLineEnd) {
  EXPECT_THAT(texts("[    1.000000] torn mess[    2.000000] whole\nlogin: [    3.000000] x\n"),
              ElementsAre("torn mess", "whole", "login: ", "x"));
}

TEST(Lines, LeaveOutWhatTwoConsolesSayTwice) {
  EXPECT_THAT(texts("[    1.000000] a\n[    1.000000] a\n[    1.000001] a\nb\nb\n\n\n"),
              ElementsAre("a", "a", "b", "", ""));
}

TEST(Lines, OfEndlessLengthComeInBoundedPieces) {
  const std::string endless(5 * k_longest_line + 3, 'x');
  LineReader reader;
  std::size_t pieces = 0;
  std::size_t bytes = 0;
  const LineReader::Sink sink = [&](const Line& line) {
    EXPECT_LE(line.text.size(), k_longest_line);
    ++pieces;
    bytes += line.raw.size();
  };
  reader.feed(endless + "\n", sink);
  EXPECT_EQ(reader.doubled_lines(), 4u);
  EXPECT_EQ(pieces, 2u);
  EXPECT_EQ(bytes, k_longest_line + 3);
}

TEST(Lines, TellWhichProgramSpeaks) {
  LineReader reader;
  std::vector<LineOrigin> origins;
  reader.feed("Mar  1 12:00:00 dut7 kernel: x\nMar  1 12:00:00 dut7 sshd[12]: BUG: y\nplain\n",
              [&](const Line& line) { origins.push_back(line.origin); });
  EXPECT_THAT(origins, ElementsAre(LineOrigin::kernel, LineOrigin::user, LineOrigin::unknown));
}

}  // namespace
}  // namespace kverdict
