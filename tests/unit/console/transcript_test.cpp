#include "orchestrator/core/console/transcript.hpp"

#include <gtest/gtest.h>

#include "orchestrator/core/console/scanner.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

Line line_of(const std::string& text) {
  Line line;
  line.text = line.raw = text;
  return line;
}

TEST(Transcript, KeepsHeadAndTailOfAHugeLogAndMarksTheGap) {
  Transcript transcript({.head_bytes = 2000, .tail_bytes = 2000});
  for (int i = 0; i < 1000; ++i)
    transcript.append(line_of("line " + std::to_string(i)), ConsoleSource::serial, milliseconds(i));
  EXPECT_EQ(transcript.lines_seen(), 1000u);
  EXPECT_EQ(transcript.head().size() + transcript.lines_left_out() + transcript.tail().size(), 1000u);
  EXPECT_GT(transcript.lines_left_out(), 0u);
  EXPECT_EQ(transcript.find(0)->text, "line 0");
  EXPECT_EQ(transcript.find(999)->text, "line 999");
  EXPECT_EQ(transcript.find(999)->host_time, milliseconds(999));
  EXPECT_EQ(transcript.find(500), nullptr);
  EXPECT_EQ(transcript.find(1000), nullptr);
}

TEST(Transcript, GivesTheSameOopsesAsTheBytesItWasMadeOf) {
  const std::string log =
      "[    1.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
      "[    1.000001] RIP: 0010:crasher_null+0x5/0x20 [crasher]\n"
      "[    1.000002] Call Trace:\n"
      "[    1.000003]  crasher_init+0x38/0x1000 [crasher]\n";
  Transcript transcript;
  LineReader reader;
  reader.feed(log,
              [&](const Line& line) { transcript.append(line, ConsoleSource::serial, milliseconds(0)); });
  EXPECT_EQ(find_oopses(transcript), find_oopses(log));
  ASSERT_EQ(find_oopses(transcript).size(), 1u);
}

}  // namespace
}  // namespace kverdict
