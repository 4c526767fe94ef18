#include "orchestrator/core/report/transcript_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/core/report/printable.hpp"
#include "runners/replay/recording.hpp"

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

// A fused transcript is a recording of both channels.
TEST(TranscriptText, IsPlayedAgainAsItWas) {
  const std::string serial =
      "SeaBIOS\r\n[    0.000000] Linux version 6.1.0\r\n[    1.000003] torn li\r\n[    1.000009][   T12] "
      "back \\ \xc3\xa9\r\n";
  const std::string network =
      "5,0,0,-;Linux version 6.1.0\n6,1,1000001,-;alone\n3,3,1000003,-;torn line is whole here\n"
      "4,9,1000009,-,caller=T12;back \\x5c \\xc3\\xa9\n";
  const auto fused = [](const std::vector<ConsoleChunk>& chunks) {
    ChannelLines lines;
    LineReader readers[2];
    for (const auto& chunk : chunks) {
      auto& transcript = chunk.source == ConsoleSource::serial ? lines.serial : lines.netconsole;
      readers[chunk.source == ConsoleSource::serial ? 0 : 1].feed(chunk.bytes, [&](const Line& line) {
        transcript.append(line, chunk.source, std::chrono::milliseconds(0));
      });
    }
    return fuse(std::move(lines));
  };
  const auto first = fused({{ConsoleSource::serial, serial}, {ConsoleSource::netconsole, network}});
  EXPECT_EQ(first.counts.missing, 6u);
  const auto text = transcript_text(first.transcript);
  EXPECT_THAT(text, testing::HasSubstr(" sn5| [    0.000000] Linux version 6.1.0\n"));
  EXPECT_THAT(text, testing::HasSubstr("... 5 lines that no channel brought ...\n"));
  EXPECT_THAT(text, testing::HasSubstr(" sn4| [    1.000009][   T12] back "));
  std::vector<ConsoleChunk> again;
  for (const auto& chunk :
       parse_recording(text + channel_summary(first.counts, NetconsoleCounts{}), "text").boot.chunks)
    again.push_back(chunk.chunk);
  EXPECT_EQ(transcript_text(fused(again).transcript), text);
}

TEST(TranscriptText, TellsWhatEachChannelLost) {
  EXPECT_EQ(channel_summary({}, std::nullopt), "");
  NetconsoleCounts counts;
  counts.records = counts.datagrams = 10;
  counts.lost = 2;
  EXPECT_EQ(channel_summary({5, 3, 2, 1}, counts),
            "... 5 lines on serial and another channel, 3 torn on serial, 2 not on serial, 1 on none; "
            "netconsole: 10 "
            "records in 10 datagrams, 2 lost\n");
}

TEST(Printable, KeepsPeoplesNamesAndDropsControls) {
  EXPECT_EQ(printable("J\xc3\xbcrgen \x1b]0;x\a"), "J\xc3\xbcrgen ?]0;x?");
  EXPECT_EQ(printable("\xff"), "?");
  EXPECT_EQ(printable_lines("a\n\tb\r"), "a\n\tb?");
}

}  // namespace
}  // namespace kverdict
