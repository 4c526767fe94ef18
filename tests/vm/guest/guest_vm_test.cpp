// Real kernels run our init and our workloads. Skipped without a test kernel, unless KV_REQUIRE_VM=1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/adapter/guest/program.hpp"
#include "tests/vm/guest/guest_machine.hpp"
#include "workloads/boot_defaults.hpp"
#include "workloads/network.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

using Words = std::vector<std::string>;

MachineShape wire(NicModel model) {
  MachineShape shape;
  shape.nics = {{model, NicLink::wire}, {model, NicLink::wire}};
  return shape;
}

WorkloadSpec workload(std::string kind, std::map<std::string, std::string> parameters = {}) {
  WorkloadSpec spec;
  spec.kind = std::move(kind);
  spec.duration = 1s;
  spec.parameters = std::move(parameters);
  return spec;
}

// The test's own program as the user's program.
WorkloadSpec actor(std::string name, Words arguments) {
  auto spec = workload("script");
  spec.name = std::move(name);
  spec.program = std::string(KV_BINARY_DIR) + "/guest-tests/kv-actor";
  spec.arguments = std::move(arguments);
  return spec;
}

class GuestVm : public testing::Test {
 protected:
  void SetUp() override {
    auto why = GuestMachine::missing();
    if (why.empty()) return;
    const char* required = std::getenv("KV_REQUIRE_VM");
    if (required && std::string(required) == "1") FAIL() << why;
    GTEST_SKIP() << why;
  }

  void boot(const MachineShape& shape, const std::vector<WorkloadSpec>& workloads) {
    auto plan = plan_workloads(workloads, shape, 4);
    boot(shape, plan);
  }
  void boot(const MachineShape& shape, const GuestPlan& plan) {
    GuestJob job;
    job.token = "vm-test";
    job.sysctls = default_sysctls(4);
    job.nics = plan_network(shape);
    job.steps = plan.steps;
    life_ = GuestMachine(shape).boot(job, plan.files);
    EXPECT_TRUE(life_.ended) << life_.tail();
    EXPECT_THAT(life_.torn, IsEmpty());
  }

  std::string end_of(const std::string& step, const std::string& key = "exit") const {
    for (const auto& marker : life_.all("end"))
      if (marker.field("step") == step) return marker.field(key);
    return "";
  }
  double metric(const std::string& step, const std::string& name) const {
    for (const auto& marker : life_.all("metric"))
      if (marker.field("step") == step && marker.field("name") == name)
        return std::stod(marker.field("value"));
    return -1;
  }
  void expect_clean_end() const {
    EXPECT_EQ(life_.all("done").size(), 1u) << life_.tail();
    EXPECT_EQ(life_.line_with("WARNING:"), "");
    EXPECT_EQ(life_.line_with("Call Trace:"), "");
  }

  GuestLife life_;
};

TEST_F(GuestVm, BootsProvesItsKernelAndPowersOff) {
  boot(wire(NicModel::e1000), std::vector<WorkloadSpec>{});
  ASSERT_EQ(life_.all("hello").size(), 1u) << life_.tail();
  auto hello = life_.all("hello")[0];
  EXPECT_EQ(hello.field("token"), "vm-test");
  EXPECT_EQ(hello.field("build_id").size(), 40u);
  EXPECT_NE(life_.line_with("Linux version " + hello.field("release")), "");
  auto ready = life_.all("ready");
  ASSERT_EQ(ready.size(), 1u) << life_.tail();
  auto took = std::stol(ready[0].field("uptime_ms")) - std::stol(hello.field("uptime_ms"));
  RecordProperty("hello_to_ready_ms", static_cast<int>(took));
  EXPECT_GE(life_.all("vital").size(), 1u);
  EXPECT_LT(took, 1500);  // the guest's own clock; a negotiating link would take two seconds
  expect_clean_end();
}

TEST_F(GuestVm, ChurnsThroughBothDriversOfAWire) {
  boot(wire(NicModel::e1000), {workload("churn"), actor("devices", {"dump", "/proc/net/dev"})});
  EXPECT_EQ(end_of("churn"), "0") << life_.tail();
  EXPECT_GT(metric("churn", "connections"), 20);
  EXPECT_GE(metric("churn", "connect_max"), metric("churn", "connect_p50"));
  // Here is only the near end; its packets prove that no local shortcut was taken.
  std::string eth0;
  for (const auto& text : life_.texts("out"))
    if (text.find("eth0:") != std::string::npos) eth0 = text;
  unsigned long long bytes = 0;
  ASSERT_EQ(std::sscanf(eth0.c_str(), " eth0: %llu", &bytes), 1) << life_.tail();
  EXPECT_GT(bytes, 5000u);
  for (const auto& text : life_.texts("out")) EXPECT_EQ(text.find("eth1:"), std::string::npos);
  expect_clean_end();
}

TEST_F(GuestVm, MeasuresThroughputWithTheRealIperf3) {
  boot(wire(NicModel::virtio), {workload("iperf")});
  EXPECT_EQ(end_of("iperf"), "0") << life_.tail();
  EXPECT_GT(metric("iperf", "throughput_up"), 1e6);
  EXPECT_GT(metric("iperf", "throughput_down"), 1e6);
  expect_clean_end();
}

TEST_F(GuestVm, ReachesAServerOnTheHostBesidesAWire) {
  RunningServer server({guest_program("kv-churn"), "server", "--port", "0", "--loopback"});
  auto port = server.first_line().substr(std::string("listening ").size());
  // Drivers register in another order than the machine has its NICs: the names must be the machine's.
  MachineShape shape = wire(NicModel::virtio);
  shape.nics.insert(shape.nics.begin(), Nic{NicModel::e1000, NicLink::user});
  auto host = workload("churn", {{"via", "user"}}), peer = workload("churn", {{"via", "wire"}});
  host.name = "host";
  peer.name = "peer";
  auto plan = plan_workloads({host, peer}, shape, 4);
  ASSERT_EQ(plan.servers.size(), 1u);
  for (auto& word : plan.steps[0].argv)
    if (word == plan.servers[0].port_placeholder) word = port;
  boot(shape, plan);
  EXPECT_EQ(end_of("host"), "0") << life_.tail();
  EXPECT_EQ(end_of("peer"), "0") << life_.tail();
  EXPECT_GT(metric("host", "connections"), 20);
  expect_clean_end();
}

TEST_F(GuestVm, RunsTheUsersShellScriptWithItsFiles) {
  if (!std::filesystem::exists("/bin/busybox")) GTEST_SKIP() << "no busybox: apt-get install busybox-static";
  TemporaryDirectory folder;
  std::ofstream(folder.path() / "table.txt") << "one two\n";
  std::ofstream(folder.path() / "check.sh") << "#!/bin/sh -e\n"
                                               "echo \"$1: $(cat table.txt | wc -w) words, $COLOUR\"\n"
                                               "echo KVMETRIC words $(wc -w < table.txt) 1\n"
                                               "exit 125\n";
  auto script = workload("script", {{"env.COLOUR", "light blue"}});
  script.program = folder.path() / "check.sh";
  script.arguments = {"an argument"};
  script.files = {folder.path() / "table.txt"};
  boot(MachineShape{}, {script});
  EXPECT_EQ(end_of("script"), "125") << life_.tail();
  EXPECT_THAT(life_.texts("out"), Contains("an argument: 2 words, light blue"));
  EXPECT_EQ(metric("script", "words"), 2);
  expect_clean_end();
}

TEST_F(GuestVm, ReportsAStepThatHangsInTheKernelAndGoesOn) {
  auto stuck = actor("stuck", {"write", "/sys/kernel/debug/provoke-crash/DIRECT", "HUNG_TASK"});
  stuck.limit = 1s;
  boot(MachineShape{}, {stuck, actor("after", {"exit", "0"})});
  if (life_.line_with("lkdtm: Performing direct entry HUNG_TASK").empty())
    GTEST_SKIP() << "the kernel lacks lkdtm";
  EXPECT_EQ(end_of("stuck", "timeout"), "1") << life_.tail();
  EXPECT_THAT(life_.texts("note"), Contains(HasSubstr("state D")));
  EXPECT_EQ(end_of("after"), "0");
  EXPECT_EQ(life_.all("done").size(), 1u);
}

TEST_F(GuestVm, PanicsForRealAndSaysNothingAfterwards) {
  boot(MachineShape{}, {actor("crash", {"write", "/sys/kernel/debug/provoke-crash/DIRECT", "BUG"})});
  if (life_.line_with("lkdtm: Performing direct entry BUG").empty()) GTEST_SKIP() << "the kernel lacks lkdtm";
  EXPECT_NE(life_.line_with("Kernel panic - not syncing: Fatal exception"), "") << life_.tail();
  EXPECT_EQ(life_.all("start").size(), 1u);
  EXPECT_THAT(life_.all("end"), IsEmpty());
  EXPECT_THAT(life_.all("done"), IsEmpty());
}

TEST_F(GuestVm, AFloodOfOutputTearsNoMarker) {
  boot(MachineShape{}, {actor("flood", {"flood", "30000"})});
  EXPECT_EQ(end_of("flood"), "0") << life_.tail();
  EXPECT_THAT(life_.texts("out"), Contains(HasSubstr("line 29999 ")));
  expect_clean_end();
}

}  // namespace
}  // namespace kverdict
