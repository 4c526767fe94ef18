#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "tests/adapter/guest/program.hpp"

namespace kverdict {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

// kv-churn's own server on a free port.
class Churn : public testing::Test {
 protected:
  ProgramEnd client(Words more, const std::string& port) {
    Words argv = {guest_program("kv-churn"), "client", "--port",       port,
                  "--duration-ms",           "300",    "--timeout-ms", "5000"};
    argv.insert(argv.end(), more.begin(), more.end());
    return run_program(argv);
  }
  ProgramEnd client(Words more) { return client(std::move(more), port_); }

  RunningServer server_{{guest_program("kv-churn"), "server", "--port", "0", "--loopback"}};
  std::string port_ = server_.first_line().substr(std::string("listening ").size());
};

// A server that spoils each connection in its own way.
class RudeServer {
 public:
  enum class Way { reset, corrupt, silent, hang_up };

  explicit RudeServer(Way way) : way_(way), fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 1000), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~RudeServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    for (int fd : held_) close(fd);
    close(fd_);
  }
  RudeServer(const RudeServer&) = delete;
  RudeServer& operator=(const RudeServer&) = delete;
  std::string port() const { return std::to_string(port_); }

 private:
  void serve() {
    for (int fd; (fd = accept(fd_, nullptr, nullptr)) >= 0;) {
      if (way_ == Way::silent) {
        held_.push_back(fd);
        continue;
      }
      char request[4096];
      ssize_t got = recv(fd, request, sizeof request, 0);
      if (way_ == Way::corrupt && got > 0) {
        request[0] ^= 1;
        send(fd, request, static_cast<std::size_t>(got), MSG_NOSIGNAL);
      }
      linger abrupt{1, 0};
      if (way_ == Way::reset) setsockopt(fd, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
      close(fd);
    }
  }

  Way way_;
  int fd_;
  int port_ = 0;
  std::vector<int> held_;
  std::thread thread_;
};

TEST_F(Churn, MakesManyConnectionsOverBothIpVersions) {
  auto end = client({"--ipv4", "127.0.0.1", "--ipv6", "::1"});
  EXPECT_EQ(end.code, 0) << end.output;
  EXPECT_GT(end.metrics["connections"], 100);
  EXPECT_GT(end.metrics["connections_ipv6"], 0);
  EXPECT_GT(end.metrics["request_rate"], end.metrics["connection_rate"]);
  EXPECT_EQ(end.metrics["resets"] + end.metrics["timeouts"] + end.metrics["errors"] + end.metrics["corrupt"],
            0);
  EXPECT_LE(end.metrics["request_p50"], end.metrics["request_p99"]);
  EXPECT_LE(end.metrics["request_p99"], end.metrics["request_max"]);
}

TEST_F(Churn, KnowsEveryWayToCloseAndToKeepAlive) {
  for (const char* close : {"fin", "rst", "mixed"})
    for (const char* keep : {"off", "on", "mixed"}) {
      auto end =
          client({"--ipv4", "127.0.0.1", "--close", close, "--keep-alive", keep, "--duration-ms", "60"});
      EXPECT_EQ(end.code, 0) << close << " " << keep << "\n" << end.output;
    }
}

TEST_F(Churn, CarriesPayloadsLargerThanAnyBuffer) {
  auto end = client({"--ipv4", "127.0.0.1", "--payload", "1048576", "--concurrency", "4"});
  EXPECT_EQ(end.code, 0) << end.output;
  EXPECT_GT(end.metrics["connections"], 0);
}

TEST_F(Churn, KeepsToItsRate) {
  auto end = client({"--ipv4", "127.0.0.1", "--rate", "100", "--duration-ms", "500"});
  EXPECT_EQ(end.code, 0) << end.output;
  EXPECT_LE(end.metrics["connections"], 52);
}

TEST_F(Churn, FailsBelowTheRateThatIsAskedFor) {
  auto end = client({"--ipv4", "127.0.0.1", "--rate", "100", "--least-rate", "1000000"});
  EXPECT_EQ(end.code, 1);
  EXPECT_THAT(end.output, HasSubstr("are below"));
}

TEST_F(Churn, CountsResets) {
  RudeServer rude(RudeServer::Way::reset);
  auto end = client({"--ipv4", "127.0.0.1"}, rude.port());
  EXPECT_EQ(end.code, 1) << end.output;
  EXPECT_GT(end.metrics["resets"], 0);
  EXPECT_THAT(end.output, HasSubstr("error rate 1 is above"));
}

TEST_F(Churn, SeesCorruptAnswersEvenWhenEveryErrorIsAllowed) {
  RudeServer rude(RudeServer::Way::corrupt);
  auto end = client({"--ipv4", "127.0.0.1", "--max-error-rate", "1", "--least-rate", "0"}, rude.port());
  EXPECT_EQ(end.code, 1) << end.output;
  EXPECT_GT(end.metrics["corrupt"], 0);
}

TEST_F(Churn, CountsTimeOutsOfASilentServerAndEnds) {
  RudeServer rude(RudeServer::Way::silent);
  auto end = client({"--ipv4", "127.0.0.1", "--timeout-ms", "50", "--concurrency", "3"}, rude.port());
  EXPECT_EQ(end.code, 1) << end.output;
  EXPECT_GE(end.metrics["timeouts"], 3);
}

TEST_F(Churn, CountsAnswersThatAreCut) {
  RudeServer rude(RudeServer::Way::hang_up);
  auto end = client({"--ipv4", "127.0.0.1", "--payload", "4000"}, rude.port());
  EXPECT_EQ(end.code, 1) << end.output;
  EXPECT_GT(end.metrics["errors"] + end.metrics["resets"], 0);
}

TEST_F(Churn, AllowsErrorsUpToTheThreshold) {
  RudeServer rude(RudeServer::Way::reset);
  auto end = client({"--ipv4", "127.0.0.1", "--max-error-rate", "1", "--least-rate", "0"}, rude.port());
  EXPECT_EQ(end.code, 0) << end.output;
}

TEST_F(Churn, RefusesOptionsItDoesNotUnderstand) {
  for (const Words& bad : {Words{"--ipv4", "127.0.0.1", "--payload", "0"},
                           Words{"--ipv4", "127.0.0.1", "--nothing", "1"}, Words{"--ipv4"}, Words{}})
    EXPECT_EQ(client(bad).code, 2);
}

}  // namespace
}  // namespace kverdict
