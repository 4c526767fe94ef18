// What hosts, BMCs, consoles and networks do wrong, and that none of it is taken for the kernel's fault.
#include "runners/metal/metal_machine.hpp"

#include "runners/host/files.hpp"
#include "tests/adapter/metal/metal_bench.hpp"
#include "tests/support/runner_conformance.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class MetalMachines : public testing::Test {
 protected:
  std::unique_ptr<Machine> boot(BootSpec spec) { return bench_.run(bench_.runner().boot(std::move(spec))); }
  std::unique_ptr<Machine> boot_and_hear(BootSpec spec) {
    auto machine = boot(std::move(spec));
    bench_.run(conformance::read_until(*machine, bench_.words()));
    return machine;
  }
  template <class T>
  std::string complaint(Task<T> task) {
    try {
      bench_.run(std::move(task));
    } catch (const InfraError& error) {
      return error.what();
    }
    return "";
  }
  std::string boot_complaint(BootSpec spec) { return complaint(bench_.runner().boot(std::move(spec))); }
  MetalBench bench_{1};
};

TEST_F(MetalMachines, StayWhereTheyPanickedAndKnowTheirServer) {
  auto machine = boot(bench_.stays("cmdline"));
  auto words = bench_.run(conformance::read_until(*machine, bench_.words()));
  EXPECT_THAT(words, HasSubstr("Command line: initrd=initramfs panic=-1 quick console=ttyS0,115200 "
                               "kv.server=127.0.0.1 kv.net=${netX/mac}"));
  EXPECT_THAT(words, HasSubstr(" panic=0\n"));
  EXPECT_THAT(words, Not(HasSubstr("connected"))) << "that is the hook's";
}

TEST(MetalCmdline, SendsTheKernelsLogToUs) {
  HostSpec host;
  host.nic = "eth2";
  host.netconsole_mac = "52:54:00:00:00:01";
  BootSpec spec;
  EXPECT_THAT(metal_cmdline(host, spec, 6666),
              HasSubstr(" netconsole=+@${netX/ip}/eth2,6666@@server@/52:54:00:00:00:01 panic=0"));
  EXPECT_THAT(metal_cmdline(host, spec, 0), Not(HasSubstr("netconsole")));
  host.delivery = Delivery::resident;
  EXPECT_EQ(metal_cmdline(host, spec, 0), " console=ttyS0,115200 panic=0");
}

TEST_F(MetalMachines, AreHeldWhenTheyResetThemselves) {
  auto machine = boot(bench_.ends("loop"));
  auto story = bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::powered_off);
  EXPECT_THAT(story.exit.detail, HasSubstr("asked for a kernel once more"));
  EXPECT_EQ(story.console.find("words of the kernel"), story.console.rfind("words of the kernel"));
  EXPECT_EQ(bench_.running(), 0u);
}

TEST_F(MetalMachines, LoseNoLineOfAFlood) {
  auto machine = boot(bench_.spec("flood", "flood 20000\nreset\n"));
  auto story = bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(std::count(story.console.begin(), story.console.end(), '\n') >= 20'000, true);
  EXPECT_THAT(story.console, HasSubstr("flood 19999 "));
  EXPECT_EQ(read_file(bench_.path() / "flood" / "serial.log", 64 << 20), story.console);
}

TEST_F(MetalMachines, CollectTheirEvidenceBeforeThePowerGoes) {
  auto machine = boot_and_hear(bench_.stays("evidence"));
  bench_.run(machine->power_off());
  EXPECT_EQ(read_file(bench_.path() / "evidence" / "collected", 100), "end");
  const auto log = read_file(bench_.path() / "evidence" / "hooks.log", 1 << 16);
  EXPECT_LT(log.find("collect attempt"), log.find("power-off attempt"));
}

TEST_F(MetalMachines, GiveUpOnABmcThatDoesNotAnswer) {
  bench_.fault(1, "power-status", "exit:11:no BMC at this address");
  EXPECT_THAT(boot_complaint(bench_.stays("dead")), HasSubstr("fake1: fake-hook power-status: no BMC at"));
  EXPECT_EQ(bench_.record(1).failures(), 1u);
}

TEST_F(MetalMachines, RepeatAPowerCommandThatWasAcceptedAndDidNothing) {
  write_file(bench_.directory(1) / "power", "on");
  bench_.fault(1, "power-off", "ignore 1");
  auto machine = boot_and_hear(bench_.stays("lying"));
  EXPECT_TRUE(machine);
}

TEST_F(MetalMachines, CycleAHostThatWaitsForAKeyInItsFirmware) {
  bench_.hosts()[0].limits.firmware = 5s;
  bench_.fault(1, "boot", "prompt 1");
  auto machine = boot_and_hear(bench_.stays("prompt"));
  EXPECT_TRUE(machine);
}

TEST_F(MetalMachines, SayWhatAFirmwareShowedThatNeverBooted) {
  bench_.hosts()[0].limits.firmware = 500ms;
  bench_.fault(1, "boot", "prompt");
  const auto words = boot_complaint(bench_.stays("stuck"));
  EXPECT_THAT(words,
              testing::AllOf(HasSubstr("did not fetch its kernel"), HasSubstr("Press F1 to continue")));
  EXPECT_EQ(bench_.running(), 0u);
}

TEST_F(MetalMachines, NeedAConsoleThatConnects) {
  bench_.hosts()[0].limits.console = 500ms;
  bench_.fault(1, "console", "exit:13:SOL in use by another");
  EXPECT_THAT(boot_complaint(bench_.stays("refused")),
              testing::AllOf(HasSubstr("console: not connected"), HasSubstr("SOL in use by another")));
}

TEST_F(MetalMachines, SpeakWhenTheyGetAnNmi) {
  auto machine = boot_and_hear(bench_.stays("nmi"));
  EXPECT_TRUE(bench_.run(machine->provoke(Provocation::nmi)));
  bench_.run(conformance::read_until(*machine, "NMI: here I am"));
  bench_.run(machine->power_off());
}

TEST_F(MetalMachines, WithoutABreakHaveNoSysrq) {
  auto machine = boot_and_hear(bench_.stays("sysrq"));
  EXPECT_FALSE(bench_.run(machine->provoke(Provocation::sysrq)));
}

TEST_F(MetalMachines, ThatWereNeverHeardAreNotHangs) {
  bench_.fault(1, "boot", "deaf");
  bench_.fault(1, "nmi", "ignore");
  auto machine = boot(bench_.stays("deaf"));
  bench_.run(machine->provoke(Provocation::nmi));
  EXPECT_THAT(complaint(machine->power_off()), HasSubstr("its console said nothing since power-on"));
  EXPECT_EQ(bench_.running(), 0u);
}

TEST_F(MetalMachines, WithoutPowerAreNotHangs) {
  auto machine = boot_and_hear(bench_.stays("unplugged"));
  std::filesystem::remove(bench_.directory(1) / "power");
  EXPECT_THAT(complaint(machine->provoke(Provocation::nmi)),
              HasSubstr("its power is off though nobody switched it off"));
}

TEST_F(MetalMachines, ThatCannotBeSwitchedOffSaySoAndStayMarked) {
  auto machine = boot_and_hear(bench_.stays("stuck"));
  bench_.fault(1, "power-off", "exit:11:breaker stuck");
  EXPECT_THAT(complaint(machine->power_off()), HasSubstr("breaker stuck"));
  machine.reset();
  EXPECT_TRUE(bench_.record(1).powered_by());
  std::filesystem::remove(bench_.directory(1) / "fault-power-off");
  EXPECT_EQ(bench_.run(bench_.runner().sweep()), 1u);
  EXPECT_EQ(bench_.running(), 0u);
}

TEST_F(MetalMachines, DroppedInTheMiddleOfABootLeaveNothingOn) {
  bench_.fault(1, "boot", "prompt");
  Task<std::unique_ptr<Machine>> booting = bench_.runner().boot(bench_.stays("dropped"));
  auto wait_for_power = [](Clock& clock, MetalBench& bench) -> Task<void> {
    while (bench.running() == 0) co_await clock.until(clock.now() + 20ms);
  };
  Task<void> power = wait_for_power(bench_.clock(), bench_);
  auto first = bench_.run(race(std::move(booting), std::move(power)));
  EXPECT_EQ(first.index(), 1u);
  EXPECT_EQ(bench_.running(), 0u);
}

}  // namespace
}  // namespace kverdict
