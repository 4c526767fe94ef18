#include "runners/metal/metal_runner.hpp"

#include "runners/host/files.hpp"
#include "tests/adapter/metal/metal_bench.hpp"
#include "tests/support/runner_conformance.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

INSTANTIATE_TYPED_TEST_SUITE_P(Metal, RunnerConformance, MetalBench);

class MetalHosts : public testing::Test {
 protected:
  std::string complaint(BootSpec spec) {
    try {
      bench_.run(bench_.runner().boot(std::move(spec)));
    } catch (const InfraError& error) {
      return error.what();
    }
    return "";
  }
  MetalBench bench_{2};
};

TEST_F(MetalHosts, AreSelectedByTheirFeatures) {
  bench_.hosts()[0].features = {"numa"};
  bench_.hosts()[1].features = {"numa", "e1000e"};
  MetalOptions options;
  options.hosts = bench_.hosts();
  options.features = {"numa", "e1000e"};
  ASSERT_EQ(selected_hosts(options).size(), 1u);
  EXPECT_EQ(selected_hosts(options)[0].name, "fake2");
  options.features = {"arm"};
  EXPECT_THROW(bench_.run(MetalRunner::open(bench_.clock(), options)), UsageError);
}

TEST_F(MetalHosts, AreDrainedWhenTheyFailTooOftenAndTheOthersGoOn) {
  bench_.hosts()[0].limits.failures = 2;
  bench_.fault(1, "power-on", "exit:11:fuse blown");
  EXPECT_THAT(complaint(bench_.ends("one")), HasSubstr("fake1: fake-hook power-on: fuse blown"));
  EXPECT_EQ(bench_.runner().traits().slots, 2u);
  EXPECT_THAT(complaint(bench_.ends("two")), HasSubstr("fuse blown"));
  EXPECT_EQ(bench_.runner().traits().slots, 1u);
  auto machine = bench_.run(bench_.runner().boot(bench_.ends("three")));
  auto story = bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::powered_off);
}

TEST_F(MetalHosts, ThatAreAllOutOfUseAreNamedWithTheReason) {
  bench_.record(1).drain("smoke");
  bench_.record(2).reserve("Ada's until noon");
  EXPECT_THAT(complaint(bench_.ends("none")), testing::AllOf(HasSubstr("fake1 is drained: smoke"),
                                                             HasSubstr("fake2 is locked: Ada's until")));
}

TEST_F(MetalHosts, AreWaitedForWhileThisSessionUsesThem) {
  bench_.record(2).drain("smoke");
  auto first = bench_.run(bench_.runner().boot(bench_.stays("first")));
  Task<std::unique_ptr<Machine>> second = bench_.runner().boot(bench_.stays("second"));
  auto stop = [](Clock& clock, Machine& machine) -> Task<void> {
    co_await clock.until(clock.now() + 100ms);
    co_await machine.power_off();
    co_await clock.until(clock.now() + 1h);
  };
  Task<void> stopping = stop(bench_.clock(), *first);
  auto both = bench_.run(race(std::move(second), std::move(stopping)));
  ASSERT_EQ(both.index(), 0u);
  EXPECT_EQ(bench_.running(), 1u);
}

TEST_F(MetalHosts, LeftOnByADeadSessionAreSweptAtTheNextStart) {
  bench_.record(1).mark_powered("dead-0007");
  write_file(bench_.directory(1) / "power", "on");
  write_file(bench_.directory(2) / "power", "on");  // somebody's, not ours
  EXPECT_EQ(bench_.run(bench_.runner().sweep()), 1u);
  EXPECT_FALSE(std::filesystem::exists(bench_.directory(1) / "power"));
  EXPECT_TRUE(std::filesystem::exists(bench_.directory(2) / "power"));
  EXPECT_EQ(bench_.run(bench_.runner().sweep()), 0u);
}

TEST_F(MetalHosts, BootNoVmlinux) {
  auto spec = bench_.ends("vmlinux");
  spec.image.format = KernelFormat::pvh_elf;
  EXPECT_THROW(bench_.run(bench_.runner().boot(spec)), UsageError);
}

}  // namespace
}  // namespace kverdict
