#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/adapter/guest/program.hpp"

namespace kverdict {
namespace {

using testing::HasSubstr;

constexpr const char* k_iperf3 = "/usr/bin/iperf3";

std::string free_port() {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return std::to_string(ntohs(address.sin_port));
}

class Iperf : public testing::Test {
 protected:
  void SetUp() override {
    if (access(k_iperf3, X_OK) != 0) GTEST_SKIP() << "no iperf3: apt-get install iperf3";
  }
  static ProgramEnd client(const std::string& port, std::vector<std::string> more) {
    std::vector<std::string> argv = {
        guest_program("kv-iperf"), "--host", "127.0.0.1", "--port", port, "--seconds", "1"};
    argv.insert(argv.end(), more.begin(), more.end());
    return run_program(argv);
  }
  std::string port_ = free_port();
};

TEST_F(Iperf, MeasuresBothDirections) {
  RunningServer server({k_iperf3, "-s", "-1", "--forceflush", "-p", port_});
  while (server.first_line().find("listening") == std::string::npos) continue;
  auto end = client(port_, {"--direction", "both", "--streams", "2"});
  EXPECT_EQ(end.code, 0) << end.output;
  EXPECT_GT(end.metrics["throughput_up"], 1e6);
  EXPECT_GT(end.metrics["throughput_down"], 1e6);
  EXPECT_TRUE(end.metrics.count("retransmits_up"));
}

TEST_F(Iperf, MeasuresLossOfUdp) {
  RunningServer server({k_iperf3, "-s", "-1", "--forceflush", "-p", port_});
  while (server.first_line().find("listening") == std::string::npos) continue;
  auto end = client(port_, {"--protocol", "udp", "--mbit", "5", "--direction", "down", "--least-mbit", "1"});
  EXPECT_EQ(end.code, 0) << end.output;
  EXPECT_TRUE(end.metrics.count("lost_down"));
  EXPECT_FALSE(end.metrics.count("throughput_up"));
}

TEST_F(Iperf, FailsWithIperfsWordsWhenNobodyListens) {
  auto end = client(port_, {});
  EXPECT_EQ(end.code, 1);
  EXPECT_THAT(end.output, HasSubstr("Connection refused"));
}

TEST_F(Iperf, CannotTellWithoutIperf3) {
  EXPECT_EQ(client(port_, {"--iperf3", "/no/such/iperf3"}).code, 125);
  EXPECT_EQ(client(port_, {"--bogus", "1"}).code, 2);
}

}  // namespace
}  // namespace kverdict
