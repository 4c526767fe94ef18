#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "runners/error.hpp"
#include "workloads/boot_defaults.hpp"
#include "workloads/network.hpp"
#include "workloads/script/interpreter.hpp"
#include "workloads/workload.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

const GuestPrograms k_programs{"/x/kv-init", "/x/kv-churn", "/x/kv-iperf"};

MachineShape shape(std::vector<NicLink> links) {
  MachineShape out;
  for (auto link : links) out.nics.push_back({NicModel::e1000, link});
  return out;
}
const MachineShape k_wire = shape({NicLink::wire, NicLink::wire});
const MachineShape k_user = shape({NicLink::user});

WorkloadSpec spec(std::string kind, std::map<std::string, std::string> parameters = {}) {
  WorkloadSpec out;
  out.kind = std::move(kind);
  out.parameters = std::move(parameters);
  return out;
}

GuestPlan plan(const WorkloadSpec& one, const MachineShape& on = k_wire, double scale = 1) {
  return plan_workloads({one}, on, scale, k_programs);
}

std::string refusal(const std::vector<WorkloadSpec>& specs, const MachineShape& on = k_wire) {
  try {
    plan_workloads(specs, on, 1, k_programs);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

std::vector<std::string> insides(const GuestPlan& planned) {
  std::vector<std::string> out;
  for (const auto& file : planned.files) out.push_back(file.inside);
  return out;
}

class Scratch : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "kv-plan-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
    return folder_ / name;
  }
  std::filesystem::path folder_;
};
using ScriptPlan = Scratch;
using Programs = Scratch;

TEST(Plan, IperfOverTheWireHasItsServerInThePeer) {
  auto planned = plan(spec("iperf", {{"streams", "4"}, {"direction", "down"}}));
  ASSERT_EQ(planned.steps.size(), 1u);
  EXPECT_EQ(planned.steps[0].name, "iperf");
  EXPECT_THAT(planned.steps[0].argv, IsSupersetOf({"10.77.0.2", "--streams", "4", "--direction", "down"}));
  EXPECT_THAT(planned.steps[0].peers, ElementsAre(ElementsAre("/usr/bin/iperf3", "-s", "-p", "5201")));
  EXPECT_THAT(planned.servers, IsEmpty());
  EXPECT_THAT(insides(planned), ElementsAre("/kv/bin/kv-iperf", "/usr/bin/iperf3"));
}

TEST(Plan, IperfOverTheUserNetworkHasItsServerOnTheHost) {
  auto planned = plan(spec("iperf"), k_user);
  ASSERT_EQ(planned.servers.size(), 1u);
  const auto& placeholder = planned.servers[0].port_placeholder;
  EXPECT_THAT(planned.servers[0].argv, AllOf(Contains(placeholder), Contains("127.0.0.1")));
  EXPECT_THAT(planned.steps[0].argv, AllOf(Contains(placeholder), Contains("10.0.2.2")));
  EXPECT_THAT(planned.steps[0].peers, IsEmpty());
}

TEST(Plan, TheServersOfTwoWorkloadsHaveDifferentPlaceholders) {
  auto planned = plan_workloads({spec("iperf"), spec("churn")}, k_user, 1, k_programs);
  ASSERT_EQ(planned.servers.size(), 2u);
  EXPECT_NE(planned.servers[0].port_placeholder, planned.servers[1].port_placeholder);
}

TEST(Plan, AWireIsPreferredAndTheUserNetworkCanBeAskedFor) {
  auto both = shape({NicLink::user, NicLink::wire, NicLink::wire});
  EXPECT_THAT(plan(spec("churn"), both).servers, IsEmpty());
  EXPECT_EQ(plan(spec("churn", {{"via", "user"}}), both).servers.size(), 1u);
  EXPECT_THAT(refusal({spec("churn", {{"via", "wire"}})}, k_user), HasSubstr("wire"));
  EXPECT_THAT(refusal({spec("iperf")}, shape({})), HasSubstr("needs a network"));
}

TEST(Plan, ChurnUsesBothIpVersionsOverTheWire) {
  EXPECT_THAT(plan(spec("churn")).steps[0].argv,
              IsSupersetOf({"--ipv4", "10.77.0.2", "--ipv6", "fd77:0::2"}));
  EXPECT_THAT(plan(spec("churn", {{"ip", "6"}})).steps[0].argv, Not(Contains("--ipv4")));
  EXPECT_THAT(plan(spec("churn"), k_user).steps[0].argv, Not(Contains("--ipv6")));
}

TEST(Plan, AnUnknownKindNamesTheNearest) {
  EXPECT_THAT(refusal({spec("ipref")}), AllOf(HasSubstr("'ipref'"), HasSubstr("did you mean 'iperf'")));
  EXPECT_THAT(refusal({spec("frobnicate-all")}), Not(HasSubstr("did you mean")));
}

TEST(Plan, AnUnknownParameterNamesTheNearest) {
  EXPECT_THAT(refusal({spec("iperf", {{"steams", "2"}})}),
              AllOf(HasSubstr("'steams'"), HasSubstr("'streams'")));
}

TEST(Plan, AValueOutOfRangeNamesTheRange) {
  EXPECT_THAT(refusal({spec("iperf", {{"streams", "65"}})}), HasSubstr("from 1 to 64"));
  EXPECT_THAT(refusal({spec("iperf", {{"streams", "two"}})}), HasSubstr("'two'"));
  EXPECT_THAT(refusal({spec("iperf", {{"streams", "2x"}})}), HasSubstr("'2x'"));
  EXPECT_THAT(refusal({spec("iperf", {{"direction", "left"}})}), HasSubstr("up, down, both"));
  EXPECT_THAT(refusal({spec("churn", {{"max_error_rate", "nan"}})}), HasSubstr("from 0 to 1"));
  EXPECT_THAT(refusal({spec("churn", {{"max_error_rate", "1.5"}})}), HasSubstr("from 0 to 1"));
}

TEST(Plan, BadTimesAndNamesAreRefused) {
  auto one = spec("churn");
  one.duration = 10ms;
  EXPECT_THAT(refusal({one}), HasSubstr("duration"));
  one = spec("churn");
  one.name = "Has Space";
  EXPECT_THAT(refusal({one}), HasSubstr("'Has Space'"));
  EXPECT_THAT(refusal({spec("churn"), spec("churn")}), HasSubstr("two workloads"));
  one = spec("churn");
  one.program = "/bin/true";
  EXPECT_THAT(refusal({one}), HasSubstr("script"));
}

TEST(Plan, LimitsGrowOnSlowMachinesUnlessGiven) {
  auto one = spec("churn");
  EXPECT_LT(plan(one).steps[0].limit, plan(one, k_wire, 4).steps[0].limit);
  EXPECT_GT(plan(one).steps[0].limit, one.duration);
  one.limit = 7s;
  EXPECT_EQ(plan(one, k_wire, 4).steps[0].limit, 7s);
}

TEST(Plan, TwoWorkloadsOfAKindShareTheirFiles) {
  auto first = spec("iperf"), second = spec("iperf");
  second.name = "again";
  EXPECT_EQ(plan_workloads({first, second}, k_wire, 1, k_programs).files.size(), 2u);
}

TEST_F(ScriptPlan, TakesProgramAndFilesAlong) {
  auto one = spec("script", {{"env.LEVEL", "3"}});
  one.name = "mine";
  one.program = write("prog", "\177ELF...");
  one.files = {write("table.txt", "x")};
  one.arguments = {"a", ""};
  auto planned = plan(one);
  EXPECT_THAT(insides(planned), ElementsAre("/kv/files/prog", "/kv/files/table.txt"));
  EXPECT_EQ(planned.files[0].mode, 0755u);
  EXPECT_THAT(planned.steps[0].argv, ElementsAre("/kv/files/prog", "a", ""));
  EXPECT_EQ(planned.steps[0].env.at("LEVEL"), "3");
  EXPECT_EQ(planned.steps[0].env.at("KV_DURATION_MS"), "5000");
}

TEST_F(ScriptPlan, BringsTheInterpreter) {
  auto one = spec("script");
  one.program = write("run.awk", "#!/usr/bin/env -S awk\n");
  EXPECT_THAT(refusal({one}), HasSubstr("env"));
  one.program = write("run.bash", "#! /bin/bash -e\ntrue\n");
  EXPECT_THAT(insides(plan(one)), Contains("/bin/bash"));
  one.program = write("run.none", "#!/no/such/interpreter\n");
  EXPECT_THAT(refusal({one}), HasSubstr("/no/such/interpreter"));
  one.program = write("run.sh", "#!/bin/sh\n");
  if (std::filesystem::exists("/bin/busybox"))
    EXPECT_THAT(insides(plan(one)), Contains("/bin/busybox"));
  else
    EXPECT_THAT(refusal({one}), HasSubstr("apt-get install busybox-static"));
}

TEST_F(ScriptPlan, RefusesWhatCannotBeStarted) {
  auto one = spec("script");
  EXPECT_THAT(refusal({one}), HasSubstr("names no program"));
  one.program = folder_ / "missing";
  EXPECT_THAT(refusal({one}), HasSubstr("missing"));
  one.program = write("plain", "echo hi\n");
  EXPECT_THAT(refusal({one}), HasSubstr("#!"));
  one.program = write("prog", "\177ELF");
  one.files = {folder_ / "nothing"};
  EXPECT_THAT(refusal({one}), HasSubstr("nothing"));
  one.files.clear();
  one.parameters = {{"speed", "1"}};
  EXPECT_THAT(refusal({one}), HasSubstr("'speed'"));
}

TEST_F(ScriptPlan, RefusesTwoFilesForOnePlace) {
  std::filesystem::create_directory(folder_ / "other");
  auto one = spec("script");
  one.program = write("prog", "\177ELF");
  one.files = {write("table", "x"), write("other/table", "y")};
  EXPECT_THAT(refusal({one}), HasSubstr("rename one"));
}

TEST(Interpreter, WordsAreReadFromTheFirstLine) {
  EXPECT_THAT(interpreter_words("#! /usr/bin/env python3 \r\nx"), ElementsAre("/usr/bin/env", "python3"));
  EXPECT_THAT(interpreter_words("#!\nx"), IsEmpty());
  EXPECT_THAT(interpreter_words("#!/bin/sh"), ElementsAre("/bin/sh"));
  EXPECT_THAT(interpreter_words(""), IsEmpty());
}

TEST(Network, PairsWiresAndKeepsTheOrderOfTheMachine) {
  auto nics = plan_network(shape({NicLink::user, NicLink::wire, NicLink::wire}));
  ASSERT_EQ(nics.size(), 3u);
  EXPECT_EQ(nics[0].name, "eth0");
  EXPECT_EQ(nics[0].ipv4, "10.0.2.15/24");
  EXPECT_EQ(nics[0].gateway, "10.0.2.2");
  EXPECT_EQ(nics[1].ipv4, "10.77.0.1/24");
  EXPECT_FALSE(nics[1].far_end);
  EXPECT_EQ(nics[2].ipv4, "10.77.0.2/24");
  EXPECT_TRUE(nics[2].far_end);
  EXPECT_THROW(plan_network(shape({NicLink::wire})), UsageError);
}

TEST(BootDefaults, DetectorsWaitLongerOnSlowMachinesWithinTheKernelsLimits) {
  EXPECT_EQ(default_sysctls(1).at("kernel.watchdog_thresh"), "5");
  EXPECT_EQ(default_sysctls(4).at("kernel.watchdog_thresh"), "20");
  EXPECT_EQ(default_sysctls(1000).at("kernel.watchdog_thresh"), "60");
  EXPECT_THAT(default_cmdline(1000), HasSubstr("rcu_cpu_stall_timeout=300"));
  EXPECT_THAT(default_cmdline(1), AllOf(HasSubstr("printk.devkmsg=on"), Not(HasSubstr("quiet"))));
}

TEST_F(Programs, AreFoundInTheBuildTreeAndAfterInstallation) {
  namespace fs = std::filesystem;
  auto put = [&](const fs::path& folder) {
    fs::create_directories(folder);
    for (const char* name : {"kv-init", "kv-churn", "kv-iperf"}) std::ofstream(folder / name) << "x";
  };
  EXPECT_THROW(find_guest_programs("", folder_ / "b/orchestrator/kverdict"), UsageError);
  put(folder_ / "b/guest");
  EXPECT_EQ(find_guest_programs("", folder_ / "b/tests/unit/x/unit").init, folder_ / "b/guest/kv-init");
  put(folder_ / "usr/libexec/kverdict");
  EXPECT_EQ(find_guest_programs("", folder_ / "usr/bin/kverdict").churn,
            folder_ / "usr/libexec/kverdict/kv-churn");
  EXPECT_EQ(find_guest_programs(folder_ / "b/guest", "/nowhere").iperf, folder_ / "b/guest/kv-iperf");
  EXPECT_THROW(find_guest_programs(folder_ / "empty", folder_ / "usr/bin/kverdict"), UsageError);
}

}  // namespace
}  // namespace kverdict
