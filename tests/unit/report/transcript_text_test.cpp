#include "orchestrator/core/report/transcript_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/report/printable.hpp"

namespace kverdict {
namespace {

Transcript three_lines() {
  Transcript transcript;
  for (const auto* text : {"one", "two \x1b[31m", "three"}) {
    Line line;
    line.text = line.raw = text;
    transcript.append(line, ConsoleSource::serial, std::chrono::milliseconds(1500));
  }
  return transcript;
}

TEST(TranscriptText, NumbersLinesAndEscapesWhatWouldSteerATerminal) {
  const auto text = transcript_text(three_lines());
  EXPECT_THAT(text, testing::HasSubstr("0    1.500 s| one\n"));
  EXPECT_THAT(text, testing::HasSubstr("two \\x1b[31m"));
}

TEST(TranscriptText, MarksAndQuotesTheLinesOfAnOops) {
  Oops oops;
  oops.title = "kernel BUG in f";
  oops.first_line = 1;
  oops.last_line = 2;
  const auto text = transcript_text(three_lines());
  EXPECT_THAT(mark_oopses(text, {oops}),
              testing::AllOf(testing::HasSubstr("=== kernel BUG in f\n>"),
                             testing::HasSubstr("  " + text.substr(0, text.find('\n')))));
  EXPECT_EQ(oops_excerpt(text, oops, 10), "two \\x1b[31m\nthree\n");
  EXPECT_EQ(oops_excerpt(text, oops, 1), "two \\x1b[31m\n");
}

TEST(Printable, KeepsPeoplesNamesAndDropsControls) {
  EXPECT_EQ(printable("J\xc3\xbcrgen \x1b]0;x\a"), "J\xc3\xbcrgen ?]0;x?");
  EXPECT_EQ(printable("\xff"), "?");
  EXPECT_EQ(printable_lines("a\n\tb\r"), "a\n\tb?");
}

}  // namespace
}  // namespace kverdict
