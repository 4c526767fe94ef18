#include "orchestrator/cli/doctor.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "orchestrator/cli/doctor_needs.hpp"
#include "orchestrator/cli/value.hpp"

namespace kverdict {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Level = Finding::Level;

// A machine that lacks nothing.
HostFacts healthy(const Config& config) {
  HostFacts facts;
  for (const ProgramNeed& need : program_needs(config))
    facts.programs[need.program] = "/usr/bin/" + need.program;
  for (const HeaderNeed& need : k_header_needs) facts.headers.insert(std::string(need.header));
  facts.embedded_driver = "/usr/lib/libvirt_driver_qemu.so";
  facts.sessions = {"/state", Bytes{100'000'000'000}};
  facts.builds = {"/cache", Bytes{100'000'000'000}};
  facts.memory_available = Bytes{16ULL << 30};
  facts.kvm = DeviceState::open;
  facts.rmem_max = 16ULL << 20;
  facts.user_namespaces = 1000;
  return facts;
}

Finding finding(const HostFacts& facts, const Config& config, const std::string& name) {
  for (const Finding& found : examine(facts, config)) {
    if (found.name == name) return found;
  }
  ADD_FAILURE() << "no finding " << name;
  return {};
}

TEST(Doctor, AHealthyMachineNeedsNothing) {
  const auto findings = examine(healthy({}), {});
  for (const Finding& found : findings)
    EXPECT_EQ(found.level, Level::fine) << found.name << ": " << found.seen;
  EXPECT_EQ(doctor_exit_code(findings), 0);
  EXPECT_EQ(install_all(findings, healthy({})), "");
}

TEST(Doctor, EveryMissingToolIsNamedWithItsPackage) {
  const Config config;
  for (const ProgramNeed& need : program_needs(config)) {
    HostFacts facts = healthy(config);
    facts.programs.erase(need.program);
    const Finding found = finding(facts, config, need.program);
    EXPECT_EQ(found.level, need.demand == Demand::required ? Level::missing : Level::advice) << need.program;
    EXPECT_EQ(found.repair, "sudo apt-get install -y " + need.package);
    EXPECT_EQ(doctor_exit_code(examine(facts, config)), need.demand == Demand::required ? 2 : 0);
  }
}

TEST(Doctor, OneCommandInstallsAllThatIsMissing) {
  HostFacts facts = healthy({});
  facts.programs.erase("flex");
  facts.programs.erase("bc");
  facts.headers.erase("libelf.h");
  facts.root = true;
  EXPECT_EQ(install_all(examine(facts, {}), facts), "apt-get install -y bc flex libelf-dev");
}

TEST(Doctor, WhatIsRequiredDependsOnTheConfiguration) {
  Config config;
  HostFacts facts = healthy(config);
  for (const char* program : {"iperf3", "busybox", "ccache"}) {
    facts.programs.erase(program);
    EXPECT_EQ(finding(facts, config, program).level, Level::advice);
  }
  config.workloads.resize(2);
  config.workloads[0].kind = "iperf";
  config.workloads[1].kind = "script";
  config.build.ccache = Switch::on;
  for (const char* program : {"iperf3", "busybox", "ccache"}) {
    EXPECT_EQ(finding(facts, config, program).level, Level::missing);
  }
}

TEST(Doctor, TheConfiguredCompilerIsLookedFor) {
  const std::vector<std::pair<std::map<std::string, std::string>, std::string>> table{
      {{}, "gcc"},
      {{{"CC", "gcc-11"}}, "gcc-11"},
      {{{"CC", "ccache gcc-12 -m64"}}, "gcc-12"},
      {{{"LLVM", "1"}}, "clang"},
  };
  for (const auto& [variables, compiler] : table) {
    Config config;
    config.build.make_variables = variables;
    EXPECT_EQ(finding(healthy(config), config, compiler).level, Level::fine);
  }
}

TEST(Doctor, RootNeedsANamespaceUnlessLibvirtsUserExists) {
  HostFacts facts = healthy({});
  facts.user_namespaces = 0;
  EXPECT_EQ(finding(facts, {}, "user namespaces").level, Level::fine);
  facts.root = true;
  EXPECT_EQ(finding(facts, {}, "user namespaces").level, Level::missing);
  EXPECT_THAT(finding(facts, {}, "user namespaces").repair,
              StartsWith("sysctl -w user.max_user_namespaces="));
  facts.libvirt_qemu_user = true;
  EXPECT_EQ(finding(facts, {}, "user namespaces").level, Level::fine);
}

TEST(Doctor, TheDriverMustBeThereAndLoad) {
  const std::string name = "libvirt's embedded QEMU driver";
  HostFacts facts = healthy({});
  facts.embedded_driver_error = "libfoo.so: not found";
  EXPECT_THAT(finding(facts, {}, name).seen, HasSubstr("libfoo.so"));
  EXPECT_THAT(finding(facts, {}, name).repair, HasSubstr("--reinstall"));
  facts.embedded_driver.clear();
  EXPECT_EQ(finding(facts, {}, name).package, "libvirt-daemon-driver-qemu");
  Config remote;
  remote.target.uri = "qemu+ssh://host/system";
  EXPECT_EQ(doctor_exit_code(examine(facts, remote)), 0);
}

TEST(Doctor, KvmIsAComfortUnlessItIsDemanded) {
  Config config;
  HostFacts facts = healthy(config);
  facts.kvm = DeviceState::absent;
  EXPECT_EQ(finding(facts, config, "/dev/kvm").level, Level::fine);
  facts.kvm = DeviceState::closed;
  EXPECT_EQ(finding(facts, config, "/dev/kvm").level, Level::advice);
  config.target.kvm = Switch::on;
  EXPECT_EQ(finding(facts, config, "/dev/kvm").level, Level::missing);
  facts.kvm = DeviceState::absent;
  EXPECT_EQ(finding(facts, config, "/dev/kvm").level, Level::missing);
}

TEST(Doctor, SpaceAndMemoryAreMeasuredAgainstTheConfiguration) {
  Config config;
  HostFacts facts = healthy(config);
  facts.builds.free = Bytes{5'000'000'000};
  EXPECT_EQ(finding(facts, config, "space for builds").level, Level::advice);
  facts.builds.free = facts.sessions.free = Bytes{100'000'000};
  EXPECT_EQ(finding(facts, config, "space for builds").level, Level::missing);
  EXPECT_EQ(finding(facts, config, "space for sessions").level, Level::missing);
  facts.memory_available = Bytes{1ULL << 30};
  EXPECT_EQ(finding(facts, config, "memory").level, Level::advice);
  config.target.memory = Bytes{4ULL << 30};
  EXPECT_EQ(finding(facts, config, "memory").level, Level::missing);
}

TEST(Doctor, TellsTheSameAsTextAndJson) {
  HostFacts facts = healthy({});
  facts.programs.erase("flex");
  const auto findings = examine(facts, {});
  const std::string install = install_all(findings, facts);
  const std::string text = doctor_text(findings, install, Terminal{});
  EXPECT_THAT(text, HasSubstr("missing flex: not found; needed for the kernel's configuration\n"
                              "        repair: sudo apt-get install -y flex\n"));
  EXPECT_THAT(text, HasSubstr("All packages at once: sudo apt-get install -y flex\n"));
  const Value json = parse_json(doctor_json(findings, install), "doctor");
  EXPECT_EQ(json.as<ValueTable>()->size(), 4u);
  EXPECT_THAT(doctor_json(findings, install), HasSubstr(R"("ok":false)"));
}

TEST(Doctor, LooksAtThisMachine) {
  const HostFacts facts = probe_host({}, {{"PATH", "/usr/bin:/bin"}, {"HOME", "/nonexistent"}});
  EXPECT_EQ(facts.sessions.folder, "/nonexistent/.local/state/kverdict");
  EXPECT_EQ(facts.builds.folder, "/nonexistent/.cache/kverdict");
  EXPECT_GT(count_of(facts.memory_available), 0u);
  EXPECT_GT(count_of(facts.sessions.free), 0u);
  EXPECT_GT(count_of(facts.builds.free), 0u);
  EXPECT_TRUE(facts.programs.contains("make"));
  EXPECT_TRUE(probe_host({}, {{"PATH", "/nonexistent"}}).programs.empty());
}

}  // namespace
}  // namespace kverdict
