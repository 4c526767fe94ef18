#include "runners/replay/replay_runner.hpp"

#include <unistd.h>

#include "runners/host/files.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/runner_conformance.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr const char* k_panic =
    "       1    0.100 s| [    0.000000] Linux version 6.1.0\n"
    "         ... 12 lines left out ...\n"
    "      14    1.500 s| [    1.400000] Kernel panic - not syncing: test \\x1b[0m \\\\o/\n"
    "      15    1.600 n| [    1.410000] only on the net\n";

class ReplayBench {
 public:
  ReplayBench() : directory_(fs::temp_directory_path() / ("kv-replay-" + std::to_string(::getpid()))) {
    make_dirs(directory_);
    write_file(directory_ / "ends.log", k_panic);
    write_file(directory_ / "stays.log", std::string(k_panic) +
                                             "! stays\n! nmi\n0.010 s| NMI: here I am\n"
                                             "! 0.500 exit powered_off\n");
    write_file(directory_ / "lost.log", "0.5 s| hello\n! 2.000 exit lost QEMU is gone: out of memory\n");
    write_file(directory_ / "boots",
               "# what pattern recording\n\n"
               "label  impossible  missing.log\n"
               "kernel */bad/*     lost.log\n"
               "label  ends*       ends.log\n"
               "label  second      ends.log\n"
               "any    *           stays.log\n");
    runner_ = ReplayRunner::open(clock_, {directory_, 2});
  }
  ~ReplayBench() { fs::remove_all(directory_); }

  Runner& runner() { return *runner_; }
  FakeClock& clock() { return clock_; }
  template <class T>
  T run(Task<T> task) {
    return clock_.run(std::move(task));
  }
  BootSpec ends(std::string label) { return spec(std::move(label)); }
  BootSpec stays(std::string label) { return spec(std::move(label)); }
  BootSpec cannot_start(std::string label) { return spec(std::move(label)); }
  std::string words() { return "Kernel panic - not syncing: test \x1b[0m \\o/\r\n"; }
  unsigned running() { return runner_->running(); }

  static BootSpec spec(std::string label) {
    BootSpec boot;
    boot.label = std::move(label);
    return boot;
  }

 private:
  fs::path directory_;
  FakeClock clock_;
  std::unique_ptr<ReplayRunner> runner_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Replay, RunnerConformance, ReplayBench);

TEST(Replay, KeepsTheRecordedTimes) {
  ReplayBench bench;
  auto machine = bench.run(bench.runner().boot(bench.ends("ends")));
  auto start = bench.clock().now();
  bench.run(conformance::read_until(*machine, "Linux version"));
  EXPECT_EQ(bench.clock().now() - start, 100ms);
  bench.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(bench.clock().now() - start, 1600ms);
}

TEST(Replay, AnswersAProvocationAsRecorded) {
  ReplayBench bench;
  auto machine = bench.run(bench.runner().boot(bench.stays("stays")));
  bench.run(conformance::read_until(*machine, "only on the net"));
  EXPECT_FALSE(bench.run(machine->provoke(Provocation::sysrq)));
  EXPECT_TRUE(bench.run(machine->provoke(Provocation::nmi)));
  auto story = bench.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(story.console, "NMI: here I am\r\n");
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::powered_off);
}

TEST(Replay, ChoosesByKernelAndLosesMachinesAsRecorded) {
  ReplayBench bench;
  BootSpec spec = bench.spec("whatever");
  spec.image.kernel = "/images/bad/vmlinux";
  auto machine = bench.run(bench.runner().boot(spec));
  auto story = bench.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::lost);
  EXPECT_EQ(story.exit.detail, "QEMU is gone: out of memory");
}

Task<bool> is_woken_by_power_off(Clock& clock, Machine& machine) {
  Task<conformance::Story> watching = conformance::watch_to_the_end(machine);
  auto stop = [](Clock& time, Machine& stopped) -> Task<void> {
    co_await time.until(time.now() + 1h);
    co_await stopped.power_off();
    co_await time.until(time.now() + 1h);
  };
  Task<void> stopping = stop(clock, machine);
  auto first = co_await race(std::move(watching), std::move(stopping));
  co_return first.index() == 0;
}

TEST(Replay, WakesAWaitingReaderOnPowerOff) {
  ReplayBench bench;
  auto machine = bench.run(bench.runner().boot(bench.stays("stays")));
  EXPECT_TRUE(bench.run(is_woken_by_power_off(bench.clock(), *machine)));
}

TEST(Recording, TakesAFileWithoutTheFormatAsRawConsole) {
  Recording recording = parse_recording("[    0.000000] Linux version\r\nOops: 0000\r\n", "raw.log");
  ASSERT_EQ(recording.boot.chunks.size(), 1u);
  EXPECT_EQ(recording.boot.chunks[0].chunk.bytes, "[    0.000000] Linux version\r\nOops: 0000\r\n");
  ASSERT_TRUE(recording.boot.exit);
  EXPECT_EQ(recording.boot.exit->exit.cause, GuestExit::Cause::powered_off);
}

TEST(Recording, SaysWhichDirectionIsNone) {
  try {
    parse_recording("0.1 s| fine\n! explode\n", "some.log");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("some.log:2"));
  }
}

TEST(Recording, NeverGoesBackInTime) {
  Recording recording = parse_recording("2.0 s| a\n1.0 s| b\n", "x");
  EXPECT_EQ(recording.boot.chunks[1].at, 2000ms);
}

TEST(Recording, KeepsBytesThatAreNoEscapes) {
  Recording recording = parse_recording("0 s| \\xZZ \\x4 \\n \\\n", "x");
  EXPECT_EQ(recording.boot.chunks[0].chunk.bytes, "\\xZZ \\x4 \\n \\\r\n");
}

TEST(ReplayRunner, NamesTheRowThatIsNone) {
  fs::path directory = fs::temp_directory_path() / ("kv-rows-" + std::to_string(::getpid()));
  make_dirs(directory);
  write_file(directory / "boots", "label x\n");
  FakeClock clock;
  EXPECT_THROW(ReplayRunner::open(clock, {directory, 1}), UsageError);
  fs::remove_all(directory);
  EXPECT_THROW(ReplayRunner::open(clock, {directory, 1}), UsageError);
}

}  // namespace
}  // namespace kverdict
