#include "runners/netconsole/assembly.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace kverdict {
namespace {

class Wire {
 public:
  void send(const std::string& datagram) { assembly_.take(datagram, lines); }
  void record(unsigned sequence, const std::string& text) { send(header(sequence) + ";" + text + "\n"); }
  void fragment(unsigned sequence, std::size_t offset, std::size_t total, const std::string& part) {
    send(header(sequence) + ",ncfrag=" + std::to_string(offset) + "/" + std::to_string(total) + ";" + part);
  }
  NetconsoleCounts counts() const { return assembly_.counts(); }
  std::string lines;

 private:
  static std::string header(unsigned sequence) {
    return "6," + std::to_string(sequence) + "," + std::to_string(1000 * sequence) + ",-";
  }
  NetAssembly assembly_;
};

TEST(NetAssembly, PassesRecordsOnAsLines) {
  Wire wire;
  wire.record(1, "one");
  wire.record(2, "two\\x0athree");
  EXPECT_EQ(wire.lines, "6,1,1000,-;one\n6,2,2000,-;two\n6,2,2000,-;three\n");
  EXPECT_EQ(wire.counts().records, 2u);
  EXPECT_EQ(wire.counts().lost, 0u);
}

TEST(NetAssembly, PassesPlainTextOnAsItIs) {
  Wire wire;
  wire.send("[    1.000000] a line\n[    1.0");
  wire.send("00001] another\n");
  EXPECT_EQ(wire.lines, "[    1.000000] a line\n[    1.000001] another\n");
  EXPECT_EQ(wire.counts().plain, 2u);
}

TEST(NetAssembly, PutsFragmentsTogetherInAnyOrderAndInsideEscapes) {
  Wire wire;
  wire.fragment(5, 6, 12, "5ctail");
  wire.fragment(5, 0, 12, "head\\x");
  EXPECT_EQ(wire.lines, "6,5,5000,-;head\\x5ctail\n");
  wire.fragment(5, 0, 12, "head\\x");
  EXPECT_EQ(wire.counts().duplicates, 1u);
}

TEST(NetAssembly, CountsARecordThatNeverBecameWhole) {
  Wire wire;
  wire.fragment(5, 0, 12, "head\\x");
  wire.fragment(6, 0, 8, "a");
  wire.fragment(6, 0, 9, "a");
  EXPECT_EQ(wire.lines, "");
  EXPECT_EQ(wire.counts().broken_fragments, 3u);
}

TEST(NetAssembly, CountsLossDuplicatesAndLateRecords) {
  Wire wire;
  for (unsigned sequence : {0u, 1u, 4u, 3u, 3u, 6u}) wire.record(sequence, "r" + std::to_string(sequence));
  EXPECT_EQ(wire.counts().lost, 2u);
  EXPECT_EQ(wire.counts().duplicates, 1u);
  EXPECT_EQ(wire.counts().late, 1u);
}

TEST(NetAssembly, DropsWhatAnotherBootSays) {
  Wire wire;
  wire.record(0, "Linux version 6.1.0");
  for (unsigned sequence = 1; sequence < 50; ++sequence) wire.record(sequence, "first");
  const auto before = wire.lines;
  wire.send("5,0,0,-;Linux version 6.1.0 again\n");
  for (unsigned sequence = 1; sequence < 100; ++sequence)
    wire.send("6," + std::to_string(sequence) + ",7,-;second\n");
  EXPECT_EQ(wire.lines, before);
  EXPECT_EQ(wire.counts().other_boot, 100u);
  EXPECT_EQ(wire.counts().lost, 0u);
}

TEST(NetAssembly, ForgetsWhatCameBeforeTheKernelsFirstWords) {
  Wire wire;
  wire.record(900, "the boot before");
  wire.record(0, "Linux version 6.1.0");
  wire.record(1, "this boot");
  EXPECT_EQ(wire.counts().lost, 0u);
  EXPECT_EQ(wire.counts().other_boot, 0u);
}

TEST(NetAssembly, IsNotMovedByAForgedSequence) {
  Wire wire;
  wire.record(1, "one");
  wire.send("6,18446744073709551615,1,-;forged\n");
  wire.record(2, "two");
  EXPECT_EQ(wire.lines, "6,1,1000,-;one\n6,2,2000,-;two\n");
  EXPECT_EQ(wire.counts().other_boot, 1u);
  EXPECT_EQ(wire.counts().lost, 0u);
}

TEST(NetAssembly, GoesOnWhereALongSilenceEnded) {
  Wire wire;
  wire.record(1, "one");
  wire.send("6,5000001,1,-;doubtful\n");
  wire.send("6,5000002,1,-;later\n");
  EXPECT_EQ(wire.lines, "6,1,1000,-;one\n6,5000002,1,-;later\n");
  EXPECT_EQ(wire.counts().lost, 5000000u);
}

TEST(NetAssembly, RefusesDatagramsThatNoKernelSends) {
  Wire wire;
  wire.send(std::string(9000, 'x'));
  EXPECT_EQ(wire.lines, "");
  EXPECT_EQ(wire.counts().too_large, 1u);
}

TEST(NetAssembly, HoldsItsMemoryUnderAMillionFragments) {
  NetAssembly assembly;
  std::string lines;
  std::mt19937 random(1);
  for (unsigned i = 0; i < 1'000'000; ++i) {
    const auto sequence = std::to_string(random() % 100'000);
    assembly.take("6," + sequence + ",1,-,ncfrag=" + std::to_string(random() % 60'000) + "/65536;part",
                  lines);
  }
  EXPECT_EQ(lines, "");  // at most 16 of them wait, 64 KiB each
  EXPECT_GT(assembly.counts().broken_fragments, 100'000u);
}

TEST(NetAssembly, BearsAnything) {
  std::mt19937 random(2);
  const std::string alphabet = "0123456789,,,,;;-c+=/\\xncfragcaller \n";
  for (unsigned round = 0; round < 20'000; ++round) {
    NetAssembly assembly;
    std::string lines, datagram = random() % 2 == 0 ? "6,1,2,-,ncfrag=" : "";
    for (auto length = random() % 60; length > 0; --length) datagram += alphabet[random() % alphabet.size()];
    assembly.take(datagram, lines);
    assembly.take(datagram, lines);
    EXPECT_LE(lines.size(), 40 * (2 * datagram.size() + 2));
  }
}

}  // namespace
}  // namespace kverdict
