// What the guest reads of the kernel's own words.
#include <gtest/gtest.h>

#include "workloads/guest/netconsole.hpp"
#include "workloads/guest/vitals.hpp"

namespace kvguest {
namespace {

TEST(NetconsoleWord, NamesTheTarget) {
  const auto target = read_netconsole_word("+@10.0.2.15/eth0,6666@10.0.2.2/");
  EXPECT_TRUE(target.extended);
  EXPECT_EQ(target.local, "10.0.2.15");
  EXPECT_EQ(target.port, "6666");
  EXPECT_EQ(target.host, "10.0.2.2");
  const auto basic = read_netconsole_word("6665@10.0.0.1/eth1,6666@10.0.0.2/00:11:22:33:44:55");
  EXPECT_FALSE(basic.extended);
  EXPECT_EQ(basic.host, "10.0.0.2");
}

TEST(NetconsoleWord, IsNoneWhenItIsTorn) {
  for (const char* text : {"", "+", "+@10.0.2.15/eth0", "a,b", "/@,@/", "@a/b,c"})
    EXPECT_EQ(read_netconsole_word(text).port, "") << text;
}

TEST(Vitals, AreReadFromTheKernelsFiles) {
  const auto ticks = read_ticks(
      "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 99 1 2\nprocs_running 3\nprocs_blocked 1\n"
      "softirq 1000 11 12 13 14 15 16 17 18 19 20\n");
  EXPECT_EQ(ticks.cpu[0], 1u);
  EXPECT_EQ(ticks.cpu[7], 8u);
  EXPECT_EQ(ticks.softirq[0], 11u);
  EXPECT_EQ(ticks.softirq[9], 20u);
  EXPECT_EQ(ticks.running, 3u);
  EXPECT_EQ(ticks.blocked, 1u);
  EXPECT_EQ(field_of("MemTotal: 5 kB\nMemFree:      1234 kB\n", "MemFree:"), 1234u);
  EXPECT_EQ(field_of("", "MemFree:"), 0u);
  read_ticks("cpu ");
}

}  // namespace
}  // namespace kvguest
