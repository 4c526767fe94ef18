#include "workloads/marker.hpp"

#include <gtest/gtest.h>

#include <random>

#include "workloads/guest/say.hpp"

namespace kverdict {
namespace {

const Marker k_ready{"ready", {{"uptime_ms", "653"}}};
const std::string k_ready_line = "@kv 2d35 ready uptime_ms=653";  // as seen from a real guest

TEST(Marker, IsReadFromABareLine) {
  EXPECT_EQ(parse_marker(k_ready_line), k_ready);
}

TEST(Marker, IsWrittenAsTheGuestWritesIt) {
  EXPECT_EQ(encode(k_ready), k_ready_line);
  EXPECT_EQ(kvguest::marker_line("ready", {{"uptime_ms", "653"}}), k_ready_line);
}

TEST(Marker, IsFoundBehindWhatLoggersPutBefore) {
  for (const char* prefix :
       {"[    1.234567] ", "[    1.234567][    T1] ", "<1>[    1.2] ", "<1>", "6,339,5140900,-;",
        "Nov 21 11:58:36 host kernel: ", "Nov 21 11:58:36 host kernel: [    1.234567] ",
        "2026-11-21T11:58:36+00:00 host kernel: ", "kernel:", "  "})
    EXPECT_EQ(parse_marker(prefix + k_ready_line), k_ready) << prefix;
}

TEST(Marker, IsFoundBeforeAnyLineEnd) {
  for (const char* end : {"", "\n", "\r\n", "\r"}) EXPECT_EQ(parse_marker(k_ready_line + end), k_ready);
}

TEST(Marker, IsNotBelievedWithAWrongChecksum) {
  EXPECT_FALSE(parse_marker("@kv 2d36 ready uptime_ms=653"));
  EXPECT_FALSE(parse_marker("@kv 2D35 ready uptime_ms=653"));
  EXPECT_FALSE(parse_marker("@kv 2d35 ready uptime_ms=654"));
}

TEST(Marker, IsNotBelievedWhenTornAnywhere) {
  for (std::size_t cut = 1; cut < k_ready_line.size(); ++cut) {
    EXPECT_FALSE(parse_marker(k_ready_line.substr(0, cut))) << cut;
    EXPECT_FALSE(parse_marker(k_ready_line.substr(cut))) << cut;
    EXPECT_FALSE(parse_marker(k_ready_line.substr(0, cut) + "[ 1.2] BUG: x" + k_ready_line.substr(cut)))
        << cut;
  }
}

TEST(Marker, IsNotBelievedInsideOtherText) {
  EXPECT_FALSE(parse_marker("the guest said " + k_ready_line));
  EXPECT_FALSE(parse_marker("x" + k_ready_line));
  EXPECT_FALSE(parse_marker(std::string(500, ' ') + k_ready_line));
}

TEST(Marker, IsNotBelievedWhenItIsLongerThanALogRecord) {
  Marker large{"out", {{"text", std::string(5000, 'a')}}};
  EXPECT_FALSE(parse_marker(encode(large)));
  EXPECT_FALSE(parse_marker(std::string(1 << 20, '@')));
}

TEST(Marker, IsNotBelievedWithBrokenFieldsUnderAGoodChecksum) {
  auto line = [](const std::string& body) {
    auto encoded = encode({body, {}});  // puts a right checksum on any body
    return encoded;
  };
  EXPECT_TRUE(parse_marker(line("note text=a")));
  for (const char* body :
       {"note text", "note =a", "note text=%2", "note text=%zz", "note a=1 a=2", "note  a=1", "note a=1 ",
        "Note a=1", "", " ", "note A=1", "note a=\x01", "note a=\xc3\xa4"})
    EXPECT_FALSE(parse_marker(line(body))) << body;
  std::string many = "note";
  for (int i = 0; i < 17; ++i) many += " k" + std::to_string(i) + "=1";
  EXPECT_FALSE(parse_marker(line(many)));
}

TEST(Marker, CarriesEveryByte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  Marker marker{"out", {{"step", ""}, {"text", all}}};
  EXPECT_EQ(parse_marker(encode(marker)), marker);
}

TEST(Marker, OfTheGuestIsCutRatherThanTooLong) {
  auto marker = parse_marker(kvguest::marker_line("out", {{"step", "x"}, {"text", std::string(5000, ' ')}}));
  ASSERT_TRUE(marker);
  EXPECT_GT(marker->field("text").size(), 250u);
  EXPECT_LT(kvguest::marker_line("out", {{"text", std::string(5000, '%')}}).size(), 960u);
}

TEST(Marker, HasEmptyTextForAMissingField) {
  EXPECT_EQ(k_ready.field("token"), "");
}

TEST(Marker, ClaimIsSeenWholeOrTorn) {
  for (std::string line : {k_ready_line, k_ready_line.substr(0, 6), std::string("@kv"), std::string("@kv "),
                           "[    1.2] " + k_ready_line.substr(0, 12)})
    EXPECT_TRUE(looks_like_marker(line)) << line;
  for (const char* line : {"", "BUG: unable to handle page fault",
                           "user@kv-host login:", "[ 1.2] @kvm: enabled", "echo @kv 2d35"})
    EXPECT_FALSE(looks_like_marker(line)) << line;
}

TEST(Marker, SurvivesMutatedLinesAndNeverBelievesThem) {
  std::mt19937 random(1);
  Marker marker{"end", {{"step", "iperf"}, {"exit", "0"}}};
  auto good = encode(marker);
  int believed = 0;
  for (int round = 0; round < 100'000; ++round) {
    auto line = "[    1.234567] " + good;
    for (unsigned i = 0, changes = 1 + random() % 3; i < changes; ++i) {
      auto at = 15 + random() % (line.size() - 15);
      switch (random() % 3) {
        case 0:
          line[at] = static_cast<char>(random());
          break;
        case 1:
          line.erase(at, 1);
          break;
        case 2:
          line.insert(at, 1, static_cast<char>(random()));
          break;
      }
    }
    auto read = parse_marker(line);
    if (read && *read != marker) ++believed;
  }
  EXPECT_LE(believed, 10);  // one in 65,536 is what a checksum of 16 bits promises
}

TEST(Marker, SurvivesNoise) {
  std::mt19937 random(2);
  for (int round = 0; round < 20'000; ++round) {
    std::string line = random() % 2 ? "@kv " : "";
    for (unsigned i = 0, size = random() % 80; i < size; ++i) line += static_cast<char>(random());
    EXPECT_FALSE(parse_marker(line) && line.find("@kv") == std::string::npos);
  }
}

}  // namespace
}  // namespace kverdict
