#include "runners/faults/console_faults.hpp"

#include <unistd.h>

#include "runners/host/files.hpp"
#include "runners/replay/replay_runner.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/runner_conformance.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

// A runner with damaged consoles keeps every promise of a runner.
class FaultyBench {
 public:
  FaultyBench() : directory_(fs::temp_directory_path() / ("kv-faults-" + std::to_string(::getpid()))) {
    make_dirs(directory_);
    write_file(directory_ / "ends.log",
               "0.1 sn5| [    0.000000] Linux version 6.1.0\n0.2 n6| [    1.000000] on the net\n");
    write_file(directory_ / "stays.log",
               "0.1 sn5| [    0.000000] Linux version 6.1.0\n0.2 n6| [    1.000000] on the net\n! stays\n");
    write_file(directory_ / "boots",
               "label impossible none\nlabel ends* ends.log\nlabel second ends.log\nany * stays.log\n");
    auto replay = ReplayRunner::open(clock_, {directory_, 2});
    replay_ = replay.get();
    runner_ = with_console_faults(std::move(replay), parse_console_faults("serial.drop=1"));
  }
  ~FaultyBench() { fs::remove_all(directory_); }

  Runner& runner() { return *runner_; }
  FakeClock& clock() { return clock_; }
  template <class T>
  T run(Task<T> task) {
    return clock_.run(std::move(task));
  }
  BootSpec ends(std::string label) { return spec(std::move(label)); }
  BootSpec stays(std::string label) { return spec(std::move(label)); }
  BootSpec cannot_start(std::string label) { return spec(std::move(label)); }
  std::string words() { return "on the net\n"; }
  unsigned running() { return replay_->running(); }

 private:
  static BootSpec spec(std::string label) {
    BootSpec boot;
    boot.label = std::move(label);
    return boot;
  }
  fs::path directory_;
  FakeClock clock_;
  ReplayRunner* replay_ = nullptr;
  std::unique_ptr<Runner> runner_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Faulty, RunnerConformance, FaultyBench);

TEST(ConsoleFaults, DamageOnlyTheChannelThatIsNamed) {
  FaultyBench bench;
  auto machine = bench.run(bench.runner().boot(bench.ends("ends")));
  const auto story = bench.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(story.of(ConsoleSource::serial), "");
  EXPECT_EQ(story.of(ConsoleSource::netconsole), "5,1,0,-;Linux version 6.1.0\n6,2,1000000,-;on the net\n");
}

std::string damaged(const std::string& faults, const std::string& label, ConsoleSource source,
                    std::string bytes) {
  ConsoleDamage damage(parse_console_faults(faults), label);
  ConsoleChunk chunk{source, std::move(bytes)};
  damage.apply(chunk);
  return chunk.bytes;
}

TEST(ConsoleFaults, AreTheSameEachTimeAndOthersForEachBoot) {
  const std::string bytes(10'000, 'x');
  const auto once = damaged("serial.drop=0.1 serial.garble=0.1", "a", ConsoleSource::serial, bytes);
  EXPECT_EQ(damaged("serial.drop=0.1 serial.garble=0.1", "a", ConsoleSource::serial, bytes), once);
  EXPECT_NE(damaged("serial.drop=0.1 serial.garble=0.1", "b", ConsoleSource::serial, bytes), once);
  EXPECT_NE(damaged("serial.drop=0.1 serial.garble=0.1 seed=2", "a", ConsoleSource::serial, bytes), once);
  EXPECT_NEAR(static_cast<double>(once.size()), 9000, 200);
}

TEST(ConsoleFaults, LoseWholeLinesOfTheNetworkAndStopSerial) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "line\n";
  const auto left = damaged("netconsole.lose=0.5", "a", ConsoleSource::netconsole, lines);
  EXPECT_EQ(left.size() % 5, 0u);
  EXPECT_NEAR(static_cast<double>(left.size()), 2500, 300);
  EXPECT_EQ(damaged("serial.stop=3", "a", ConsoleSource::serial, "abcdef"), "abc");
  EXPECT_EQ(damaged("serial.drop=1 netconsole.lose=1", "a", ConsoleSource::memory, "abc"), "abc");
}

TEST(ConsoleFaults, RefuseWordsThatAreNone) {
  EXPECT_EQ(parse_console_faults(""), ConsoleFaults{});
  for (const char* text : {"serial.drop", "serial.drop=", "serial.drop=2", "serial.drop=-1",
                           "serial.drop=nan", "serial.stop=-1", "netconsole=1", "serial.drop=0.1,"})
    EXPECT_THROW(parse_console_faults(text), UsageError) << text;
}

}  // namespace
}  // namespace kverdict
