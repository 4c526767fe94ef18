#include "runners/netconsole/frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kverdict {
namespace {

TEST(NetFrame, ReadsTheHeaderOfARecord) {
  const auto frame = parse_frame("6,416,1758426,-;netconsole: network logging started\n");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->level, 6u);
  EXPECT_EQ(frame->sequence, 416u);
  EXPECT_EQ(frame->microseconds, 1758426u);
  EXPECT_FALSE(frame->continues);
  EXPECT_FALSE(frame->fragment);
  EXPECT_EQ(message_of(frame->body), "netconsole: network logging started");
}

TEST(NetFrame, KeepsTheLevelAndLeavesTheFacilityOfUserspace) {
  EXPECT_EQ(parse_frame("12,1,2,-;@kv 1234 beat\n")->level, 4u);
}

TEST(NetFrame, LeavesTheLinesOfDeviceFactsBehindTheMessage) {
  const auto frame = parse_frame("6,1,2,-;e1000: up\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:03.0\n");
  EXPECT_EQ(message_of(frame->body), "e1000: up");
}

TEST(NetFrame, ReadsWhatLaterKernelsPutThere) {
  const auto frame = parse_frame("6.12.1-kv,3,7,9,c,caller=T12,new=1,ncfrag=10/30;abcdef");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->release, "6.12.1-kv");
  EXPECT_EQ(frame->caller, "T12");
  EXPECT_TRUE(frame->continues);
  EXPECT_EQ(frame->fragment, (NetFragment{10, 30}));
}

TEST(NetFrame, RefusesWhatNoKernelSends) {
  for (const char* text :
       {"", ";", "6", "6,1,2;x", "6,1,2,;x", "6,1,2,x;x", "a b,6,1,2,-;x", "6,-1,2,-;x", "6,1,2,-,ncfrag=9;x",
        "6,1,2,-,ncfrag=9/9;x", "6,1,2,-,ncfrag=0/99999999;x", "6,1,2,-,ncfrag=0/1;xx",
        "6,99999999999999999999,2,-;x", "[    1.234567] plain text; with a semicolon"})
    EXPECT_FALSE(parse_frame(text)) << text;
}

TEST(NetFrame, DoesNotLookForAHeaderBeyondItsLength) {
  EXPECT_FALSE(parse_frame("6,1,2,-" + std::string(300, ',') + ";x"));
}

}  // namespace
}  // namespace kverdict
