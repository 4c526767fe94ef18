#include "workloads/job.hpp"

#include <gtest/gtest.h>

#include "workloads/guest/orders.hpp"
#include "workloads/guest/setup.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;

GuestJob full_job() {
  GuestJob job;
  job.token = "a b%\n\xc3\xa4";
  job.heartbeat = 750ms;
  job.vitals = 3s;
  job.modules = {"/lib/modules/x.ko", "/kv/netconsole.ko netconsole=+@/eth0,36661@10.0.2.2/"};
  job.sysctls = {{"kernel.printk", "8 4 1 7"}, {"kernel.sysrq", ""}};
  job.nics = {{"eth0", "10.0.2.15/24", "", "10.0.2.2", false},
              {"eth1", "10.77.0.2/24", "fd77:0::2/64", "", true}};
  GuestStep step;
  step.name = "churn";
  step.argv = {"/kv/bin/kv-churn", "", "two words", "a=b"};
  step.env = {{"A", ""}, {"B", "x y"}};
  step.peers = {{"/usr/bin/iperf3", "-s"}, {"/b", "", "c d"}};
  step.limit = 12345ms;
  job.steps = {step, {"bare", {"/x"}, {}, {}, 0ms}};
  return job;
}

TEST(Job, IsReadByTheGuestAsItWasWritten) {
  auto read = kvguest::read_orders(encode(full_job()));
  ASSERT_EQ(read.error, "");
  auto job = full_job();
  const auto& orders = read.orders;
  EXPECT_EQ(orders.token, job.token);
  EXPECT_EQ(orders.heartbeat_ms, 750);
  EXPECT_EQ(orders.vitals_ms, 3000);
  EXPECT_EQ(orders.modules, job.modules);
  ASSERT_EQ(orders.sysctls.size(), 2u);
  EXPECT_EQ(orders.sysctls[0].second, "8 4 1 7");
  ASSERT_EQ(orders.nics.size(), 2u);
  EXPECT_EQ(orders.nics[0].gateway, "10.0.2.2");
  EXPECT_FALSE(orders.nics[0].far_end);
  EXPECT_EQ(orders.nics[1].ipv6, "fd77:0::2/64");
  EXPECT_TRUE(orders.nics[1].far_end);
  ASSERT_EQ(orders.steps.size(), 2u);
  EXPECT_EQ(orders.steps[0].argv, job.steps[0].argv);
  EXPECT_EQ(orders.steps[0].peers, job.steps[0].peers);
  EXPECT_EQ(orders.steps[0].env[1], (std::pair<std::string, std::string>("B", "x y")));
  EXPECT_EQ(orders.steps[0].limit_ms, 12345);
  EXPECT_TRUE(orders.steps[1].peers.empty());
}

TEST(Job, ThatIsCutIsRefusedByTheGuest) {
  auto text = encode(full_job());
  for (std::size_t size = 0; size + 1 < text.size(); ++size)
    EXPECT_NE(kvguest::read_orders(text.substr(0, size)).error, "") << size;
}

TEST(Job, OfAnotherVersionIsRefusedByTheGuest) {
  EXPECT_NE(kvguest::read_orders("kvjob 2\nend\n").error, "");
  EXPECT_NE(kvguest::read_orders("").error, "");
}

TEST(Job, WithAnUnknownLineIsRefusedWithItsNumber) {
  auto error = kvguest::read_orders("kvjob 1\ntoken x\nbogus y\nend\n").error;
  EXPECT_NE(error.find("line 3"), std::string::npos) << error;
}

TEST(BuildId, IsFoundAmongOtherNotes) {
  std::string notes("\x06\0\0\0\x04\0\0\0\x01\1\0\0Linux\0\0\0\0\0\0\0", 24);
  notes += std::string("\x04\0\0\0\x04\0\0\0\x03\0\0\0GNU\0\xde\xad\xbe\xef", 20);
  EXPECT_EQ(kvguest::build_id_in(notes), "deadbeef");
  for (std::size_t size = 0; size < notes.size(); ++size)
    EXPECT_EQ(kvguest::build_id_in(notes.substr(0, size)), "");
  EXPECT_EQ(kvguest::build_id_in(std::string("\xff\xff\xff\xff\xff\xff\xff\xff\x03\0\0\0GNU\0", 16)), "");
}

}  // namespace
}  // namespace kverdict
