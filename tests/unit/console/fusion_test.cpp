#include "orchestrator/core/console/fusion.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "orchestrator/core/console/scanner.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

void say(Transcript& transcript, ConsoleSource source, const std::string& bytes,
         milliseconds at = milliseconds(0)) {
  LineReader reader;
  const LineReader::Sink sink = [&](const Line& line) { transcript.append(line, source, at); };
  reader.feed(bytes, sink);
  reader.finish(sink);
}

std::string stamp(unsigned micros) {
  char text[32];
  std::snprintf(text, sizeof text, "[%5u.%06u] ", micros / 1'000'000, micros % 1'000'000);
  return text;
}
std::string serial_line(unsigned n, const std::string& text) {
  return stamp(1000 * n) + text + "\r\n";
}
std::string record(unsigned n, const std::string& text) {
  return "6," + std::to_string(n) + "," + std::to_string(1000 * n) + ",-;" + text + "\n";
}

// "text/sn" for each line: what it says, who said it; "(2)" before it for records that are missing.
std::string story(const Fusion& fusion) {
  std::string out;
  fusion.transcript.each(
      [&](const TranscriptLine& line) {
        if (line.missing_before != 0) out += "(" + std::to_string(line.missing_before) + ") ";
        out += line.text + "/";
        if (line.sources.has(ConsoleSource::serial)) out += "s";
        if (line.sources.has(ConsoleSource::netconsole)) out += "n";
        if (line.sources.has(ConsoleSource::memory)) out += "m";
        out += " ";
      },
      [&](std::uint64_t count) { out += "..." + std::to_string(count) + "... "; });
  return out;
}

class Lab {
 public:
  void serial(unsigned n, const std::string& text) { serial_ += serial_line(n, text); }
  void user(const std::string& text) { serial_ += text + "\r\n"; }
  void raw(const std::string& bytes) { serial_ += bytes; }
  void net(unsigned n, const std::string& text) { network_ += record(n, text); }
  void memory(unsigned n, const std::string& text) { memory_ += record(n, text); }
  Fusion fuse(std::vector<std::uint64_t> left_out = {}) const {
    ChannelLines lines;
    say(lines.serial, ConsoleSource::serial, serial_);
    say(lines.netconsole, ConsoleSource::netconsole, network_);
    say(lines.memory, ConsoleSource::memory, memory_);
    lines.left_out = std::move(left_out);
    return kverdict::fuse(std::move(lines));
  }

 private:
  std::string serial_, network_, memory_;
};

TEST(Fusion, ShowsWhatTwoChannelsBringOnce) {
  Lab lab;
  for (unsigned n = 1; n <= 3; ++n) lab.serial(n, "line" + std::to_string(n));
  for (unsigned n = 1; n <= 3; ++n) lab.net(n, "line" + std::to_string(n));
  const auto fusion = lab.fuse();
  EXPECT_EQ(story(fusion), "line1/sn line2/sn line3/sn ");
  EXPECT_EQ(fusion.counts, (FusionCounts{3, 0, 0, 0}));
}

TEST(Fusion, FillsFromEitherChannelWhatTheOtherLost) {
  Lab lab;
  for (unsigned n : {1u, 2u, 5u}) lab.serial(n, "line" + std::to_string(n));
  for (unsigned n : {1u, 3u, 4u, 5u}) lab.net(n, "line" + std::to_string(n));
  const auto fusion = lab.fuse();
  EXPECT_EQ(story(fusion), "line1/sn line2/s line3/n line4/n line5/sn ");
  EXPECT_EQ(fusion.counts.missing, 0u);
}

TEST(Fusion, MarksWhatNoChannelBrought) {
  Lab lab;
  lab.serial(1, "one");
  lab.serial(3, "three");
  lab.serial(9, "nine");
  lab.net(1, "one");
  lab.net(9, "nine");
  const auto fusion = lab.fuse();
  EXPECT_EQ(story(fusion), "one/sn three/s (6) nine/sn ");
  EXPECT_EQ(fusion.counts.missing, 6u);
  EXPECT_EQ(lab.fuse({2, 4, 5, 6, 7, 8}).counts.missing, 0u);
}

TEST(Fusion, LetsADamagedLineGiveWayToItsRecord) {
  Lab lab;
  lab.serial(1, "Linux version 6.1.0");
  lab.raw("[    0.0020 BUG: kernl NULL pointer derefrence, addrss: 0000008\r\n");
  lab.raw("[    0.003000] Oops: 00\r\n");
  lab.net(1, "Linux version 6.1.0");
  lab.net(2, "BUG: kernel NULL pointer dereference, address: 0000000000000008");
  lab.net(3, "Oops: 0002 [#1] PREEMPT");
  const auto fusion = lab.fuse();
  EXPECT_EQ(story(fusion),
            "Linux version 6.1.0/sn BUG: kernel NULL pointer dereference, address: 0000000000000008/n "
            "Oops: 0002 [#1] PREEMPT/n ");
  EXPECT_EQ(fusion.counts.torn, 2u);
}

TEST(Fusion, KnowsAShortLineByItsDamagedStamp) {
  Lab lab;
  lab.serial(1, "one");
  lab.raw("[    0.00x000] Call Tracek\r\n");
  lab.raw("[   0.003]  <TASK>\r\n");
  lab.net(1, "one");
  lab.net(2, "Call Trace:");
  lab.net(3, " <TASK>");
  EXPECT_EQ(story(lab.fuse()), "one/sn Call Trace:/n  <TASK>/n ");
}

TEST(Fusion, KeepsWhatOnlySerialCanSayWhereItWasSaid) {
  Lab lab;
  lab.user("SeaBIOS (version 1.16)");
  lab.serial(1, "one");
  lab.user("init: a program says something");
  lab.serial(2, "two");
  lab.net(1, "one");
  lab.net(2, "two");
  EXPECT_EQ(story(lab.fuse()), "SeaBIOS (version 1.16)/s one/sn init: a program says something/s two/sn ");
}

TEST(Fusion, PutsALateReplayOfTheWholeLogInItsPlace) {
  Lab lab;
  lab.net(3, "three");
  lab.net(1, "one");
  lab.net(2, "two");
  lab.serial(1, "one");
  lab.serial(3, "three");
  EXPECT_EQ(story(lab.fuse()), "one/sn two/n three/sn ");
}

TEST(Fusion, KeepsTrueRepeats) {
  Lab lab;
  for (unsigned n : {1u, 2u, 3u}) lab.serial(n, "Call Trace:");
  for (unsigned n : {1u, 2u, 3u}) lab.net(n, "Call Trace:");
  EXPECT_EQ(story(lab.fuse()), "Call Trace:/sn Call Trace:/sn Call Trace:/sn ");
}

TEST(Fusion, UnitesNumberedChannelsByNumber) {
  Lab lab;
  lab.serial(1, "one");
  lab.net(1, "one");
  lab.net(3, "three\\x20");
  for (unsigned n = 0; n <= 4; ++n)
    lab.memory(n, n == 3 ? "three " : n == 1 ? "one" : "m" + std::to_string(n));
  const auto fusion = lab.fuse();
  EXPECT_EQ(story(fusion), "m0/m one/snm m2/m three /nm m4/m ");
  EXPECT_EQ(fusion.counts.missing, 0u);
}

TEST(Fusion, AlignsAPlainNetconsoleByTimeAndText) {
  ChannelLines lines;
  say(lines.serial, ConsoleSource::serial, serial_line(1, "one") + serial_line(3, "three"));
  say(lines.netconsole, ConsoleSource::netconsole, serial_line(1, "one") + serial_line(2, "two"));
  EXPECT_EQ(story(fuse(std::move(lines))), "one/sn two/n three/s ");
}

TEST(Fusion, LeavesSerialAloneAsItIs) {
  Lab lab;
  lab.serial(1, "one");
  lab.user("two");
  EXPECT_EQ(story(lab.fuse()), "one/s two/s ");
  EXPECT_EQ(story(Lab().fuse()), "");
}

std::string any_text(std::mt19937& random) {
  static const char* const k_words[] = {"e1000", "probe", "at",   "0xffff8880", "irq",
                                        "10",    "using", "RIP:", "link",       "up"};
  std::string text;
  for (unsigned i = 0; i < 4 + random() % 6; ++i) text += std::string(k_words[random() % 10]) + " ";
  return text + std::to_string(random() % 1000);
}

std::string damaged(std::string bytes, std::mt19937& random, unsigned per_thousand) {
  std::string out;
  for (char c : bytes) {
    if (random() % 1000 < per_thousand) continue;
    out += random() % 1000 < per_thousand ? static_cast<char>(' ' + random() % 90) : c;
  }
  return out;
}

// What netconsole lost too is all that may be missing; nothing appears twice.
TEST(Fusion, RestoresALogFromTwoLossyChannels) {
  std::mt19937 random(3);
  Lab lab;
  std::vector<std::string> truth;
  std::vector<bool> sent;
  for (unsigned n = 0; n < 2000; ++n) {
    truth.push_back(any_text(random) + " #" + std::to_string(n));
    lab.raw(damaged(serial_line(n, truth.back()), random, 5));
    sent.push_back(random() % 100 >= 10);
    if (sent.back()) lab.net(n, truth.back());
  }
  const auto fusion = lab.fuse();
  std::size_t at = 0, seen = 0;
  fusion.transcript.each(
      [&](const TranscriptLine& line) {
        while (at < truth.size() && truth[at] != line.text) ++at;
        if (at == truth.size())
          at = seen == 0 ? 0 : static_cast<std::size_t>(seen);  // a damaged line
        else
          ++seen, ++at;
      },
      [](std::uint64_t) {});
  EXPECT_GT(seen, 1850u);
  EXPECT_LT(fusion.transcript.lines_seen(), 2150u);
  EXPECT_GT(fusion.counts.torn, 500u);
}

TEST(Fusion, IsFastOnFloodsThatHaveNothingInCommon) {
  std::mt19937 random(4);
  Lab lab;
  for (unsigned n = 0; n < 20'000; ++n) {
    lab.raw(any_text(random) + "\n");
    lab.net(n, "other " + any_text(random));
  }
  EXPECT_GE(lab.fuse().transcript.lines_seen(), 20'000u);
}

TEST(Fusion, KeepsHeadAndTailOfHugeLogs) {
  ChannelLines lines{Transcript({.head_bytes = 40'000, .tail_bytes = 40'000}),
                     Transcript({.head_bytes = 40'000, .tail_bytes = 40'000}),
                     Transcript(),
                     {}};
  for (unsigned n = 0; n < 3000; ++n) {
    say(lines.serial, ConsoleSource::serial, serial_line(n, "line" + std::to_string(n)));
    say(lines.netconsole, ConsoleSource::netconsole, record(n, "line" + std::to_string(n)));
  }
  const auto fusion = fuse(std::move(lines));
  EXPECT_GT(fusion.transcript.lines_left_out(), 0u);
  EXPECT_EQ(fusion.transcript.find(0)->text, "line0");
  EXPECT_EQ(fusion.transcript.find(fusion.transcript.lines_seen() - 1)->text, "line2999");
  EXPECT_TRUE(
      fusion.transcript.find(fusion.transcript.lines_seen() - 1)->sources.has(ConsoleSource::netconsole));
}

}  // namespace
}  // namespace kverdict
