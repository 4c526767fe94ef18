#include "runners/host/pressure.hpp"

#include <gtest/gtest.h>

namespace kverdict {
namespace {

using namespace std::chrono_literals;

TEST(HostPressure, ReadsWhatTheKernelTells) {
  const auto ticks = parse_host_ticks(
      "cpu  100 5 50 800 20 3 12 10 7 0\ncpu0 50 5 50 400 20 3 12 10 0 0\ncpu1 50 0 0 400 0 0 0 0 7 0\nintr "
      "5\n",
      "some avg10=12.00 avg60=10.00 avg300=5.00 total=123456\nfull avg10=0.00 total=9\n",
      "3.50 2.00 1.00 2/100 5\n");
  EXPECT_EQ(ticks.all, 1000u);
  EXPECT_EQ(ticks.stolen, 10u);
  EXPECT_EQ(ticks.waited_us, 123456u);
  EXPECT_EQ(ticks.processors, 2u);
  EXPECT_DOUBLE_EQ(ticks.load, 3.5);
}

TEST(HostPressure, BearsAHostThatTellsNothing) {
  EXPECT_EQ(parse_host_ticks("", "", "").all, 0u);
  EXPECT_EQ(parse_host_ticks("cpu", "some", "x").processors, 1u);
  EXPECT_EQ(HostPressureMeter().lately(), HostPressure{});
}

TEST(HostPressure, IsOfTheLastTwoMinutesAtMost) {
  HostPressureMeter meter;
  TimePoint now{};
  for (int second = 0; second < 1000; ++second) meter.look(now += 1s);
  const auto lately = meter.lately();
  EXPECT_GE(lately.load, 0);
  EXPECT_LE(lately.stolen, 1);
}

}  // namespace
}  // namespace kverdict
