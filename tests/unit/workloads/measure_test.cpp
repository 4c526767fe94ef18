// What the guest's programs compute: latency percentiles, iperf3's report.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "workloads/churn/histogram.hpp"
#include "workloads/iperf/json_numbers.hpp"
#include "workloads/iperf/report.hpp"

namespace kvguest {
namespace {

TEST(Histogram, PercentilesAreRightToOneSixteenth) {
  std::mt19937_64 random(1);
  for (int bits : {4, 10, 20, 40, 63}) {
    Histogram histogram;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 5000; ++i) {
      values.push_back(random() >> (64 - bits));
      histogram.add(values.back());
    }
    std::sort(values.begin(), values.end());
    for (double part : {0.0, 0.5, 0.99, 1.0}) {
      auto exact = values[std::min<std::size_t>(values.size() - 1, std::size_t(part * 5000))];
      EXPECT_GE(histogram.percentile(part), exact);
      EXPECT_LE(double(histogram.percentile(part)), double(exact) * 1.0626 + 1);
    }
    EXPECT_EQ(histogram.max(), values.back());
  }
}

TEST(Histogram, TakesTheLargestAndTheSmallestValue) {
  Histogram histogram;
  EXPECT_EQ(histogram.percentile(0.5), 0u);
  histogram.add(~std::uint64_t{0});
  EXPECT_EQ(histogram.percentile(0.5), ~std::uint64_t{0});
  histogram.add(0);
  EXPECT_EQ(histogram.percentile(0), 0u);
}

constexpr const char* k_both = R"({"start":{"x":[1,{"y":"\"}"}]},"intervals":[],"end":{"streams":[{"a":1}],
  "sum_sent":{"bits_per_second":8.5e6,"retransmits":4,"sender":true},
  "sum_received":{"bits_per_second":7000000},
  "sum_sent_bidir_reverse":{"bits_per_second":3,"retransmits":0},
  "sum_received_bidir_reverse":{"bits_per_second":2.5}}})";

double value_of(const IperfReport& report, const std::string& name) {
  for (const auto& metric : report.metrics)
    if (metric.name == name) return metric.value;
  return -1;
}

TEST(IperfReport, CountsWhatArrivedInEachDirection) {
  auto report = read_report(k_both, Direction::both);
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(value_of(report, "throughput_up"), 7e6);
  EXPECT_EQ(value_of(report, "throughput_down"), 2.5);
  EXPECT_EQ(value_of(report, "retransmits_up"), 4);
  EXPECT_EQ(value_of(read_report(k_both, Direction::down), "throughput_down"), 7e6);
}

TEST(IperfReport, TellsIperfsError) {
  auto report = read_report(R"({"end":{},"error":"unable to connect"})", Direction::up);
  EXPECT_EQ(report.error, "unable to connect");
  EXPECT_TRUE(report.metrics.empty());
}

TEST(IperfReport, ThatIsCutAnywhereIsAnError) {
  std::string whole = k_both;
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(read_report(whole.substr(0, size), Direction::both).error, "") << size;
}

TEST(JsonNumbers, AreBoundedInDepth) {
  EXPECT_FALSE(read_json(std::string(100'000, '['), "", ""));
  EXPECT_FALSE(read_json("{\"a\":1e999}", "", ""));
  EXPECT_TRUE(read_json(" [ ] ", "", ""));
  EXPECT_FALSE(read_json("[] x", "", ""));
}

TEST(JsonNumbers, SurviveMutatedText) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = k_both;
    for (int i = 0; i < 3; ++i) text[random() % text.size()] = static_cast<char>(random());
    auto leaves = read_json(text, "end.", "error");
    EXPECT_TRUE(!leaves || leaves->numbers.size() < 20);
  }
}

}  // namespace
}  // namespace kvguest
