// Two channels of one boot, as Watch hears them.
#include <gtest/gtest.h>

#include <string>

#include "orchestrator/core/trial/judge.hpp"
#include "orchestrator/core/trial/watch.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using Need = Watch::Need;

const std::vector<std::string> k_panic = {
    "kernel BUG at net/core/skbuff.c:112!",
    "invalid opcode: 0000 [#1] PREEMPT",
    "CPU: 0 PID: 77 Comm: iperf3 Not tainted 6.1.0 #1",
    "RIP: 0010:skb_panic+0x43/0x45",
    "Call Trace:",
    " <IRQ>",
    " skb_put.cold+0x24/0x24",
    " e1000_clean_rx_irq+0x1e8/0x4c0",
    " </IRQ>",
    "---[ end trace 0000000000000000 ]---",
    "Kernel panic - not syncing: Fatal exception in interrupt",
    "Rebooting in 5 seconds..",
};

class Boot {
 public:
  explicit Boot(MemoryUse memory = MemoryUse::never) : watch({}, {"t0k3n", "", ""}, {}, start_, memory) {}

  void serial(const std::string& text) {
    watch.on_chunk({ConsoleSource::serial, text + "\r\n"}, now_ += 1ms);
  }
  void network(unsigned n, const std::string& text) { send(ConsoleSource::netconsole, n, text); }
  void memory(unsigned n, const std::string& text) { send(ConsoleSource::memory, n, text); }
  void both(unsigned n, const std::string& text) {
    serial(stamped(n, text));
    network(n, text);
  }
  static std::string stamped(unsigned n, const std::string& text) {
    return "[    2." + std::to_string(100000 + n) + "] " + text;
  }
  static std::string word(const std::string& name, std::map<std::string, std::string> fields = {}) {
    return encode(Marker{name, std::move(fields)});
  }
  void come_up() {
    both(0, "Linux version 6.1.0 (a@b) #1");
    both(1, word("hello", {{"token", "t0k3n"}}));
    both(2, word("ready"));
    both(3, word("start", {{"step", "iperf"}}));
  }
  void off() {
    while (watch.need() != Need::power_off && watch.need() != Need::done)
      watch.acted(watch.need(), false, now_ += 1ms);
    watch.acted(Need::power_off, true, now_);
    watch.on_exit({GuestExit::Cause::destroyed, ""}, now_ += 1ms);
    ASSERT_EQ(watch.need(), Need::done);
  }
  void time(std::chrono::milliseconds later) { watch.on_time(now_ += later); }

 private:
  void send(ConsoleSource source, unsigned n, const std::string& text) {
    watch.on_chunk(
        {source, "1," + std::to_string(n) + "," + std::to_string(2'100'000 + n) + ",-;" + text + "\n"},
        now_ += 1ms);
  }
  Instant start_ = Instant(1h);
  Instant now_ = start_;

 public:
  Watch watch;
};

TEST(WatchOfTwoChannels, HearsEachWordOnce) {
  Boot boot;
  boot.come_up();
  boot.both(4, Boot::word("metric", {{"step", "iperf"}, {"name", "n"}, {"value", "1"}, {"unit", "1"}}));
  boot.both(5, Boot::word("metric", {{"step", "iperf"}, {"name", "n"}, {"value", "1"}, {"unit", "1"}}));
  boot.both(6, Boot::word("end", {{"step", "iperf"}, {"exit", "0"}}));
  boot.both(7, Boot::word("done"));
  boot.off();
  EXPECT_EQ(boot.watch.outcome().kind, Outcome::Kind::passed);
  EXPECT_EQ(boot.watch.outcome().metrics.size(), 2u) << "said twice, heard four times";
  EXPECT_EQ(boot.watch.transcript().lines_seen(), 8u);
}

TEST(WatchOfTwoChannels, TakesAWordThatSerialTore) {
  Boot boot;
  boot.come_up();
  boot.serial(Boot::stamped(4, "@kv 12"));
  boot.network(4, Boot::word("end", {{"step", "iperf"}, {"exit", "1"}}));
  boot.network(5, Boot::word("done"));
  boot.off();
  EXPECT_EQ(boot.watch.outcome().kind, Outcome::Kind::workload_failed);
}

TEST(WatchOfTwoChannels, NamesTheCrashThatOnlyTheNetworkBroughtWhole) {
  Boot boot;
  boot.come_up();
  unsigned n = 10;
  for (const auto& line : k_panic) {
    boot.serial(Boot::stamped(n, line.substr(0, line.size() / 3)));
    boot.network(n++, line);
  }
  boot.off();
  const auto& outcome = boot.watch.outcome();
  ASSERT_EQ(outcome.kind, Outcome::Kind::crashed);
  ASSERT_EQ(outcome.oopses.size(), 1u);
  EXPECT_EQ(outcome.oopses[0].title, "kernel BUG in e1000_clean_rx_irq");
  EXPECT_FALSE(outcome.oopses[0].corrupted) << outcome.oopses[0].why;
  EXPECT_GT(boot.watch.fusion().torn, 5u);
}

TEST(WatchOfTwoChannels, EndsATrialAtTheKernelsLastWords) {
  Boot boot;
  boot.come_up();
  unsigned n = 10;
  for (const auto& line : k_panic) boot.both(n++, line);
  EXPECT_EQ(boot.watch.need(), Need::power_off);
}

TEST(WatchOfTwoChannels, CallsAReportWithAHoleTorn) {
  Boot boot;
  boot.come_up();
  unsigned n = 10;
  for (const auto& line : k_panic) {
    if (n < 12 || n > 17) boot.both(n, line);
    ++n;
  }
  boot.off();
  const auto& outcome = boot.watch.outcome();
  ASSERT_FALSE(outcome.oopses.empty());
  EXPECT_TRUE(outcome.oopses[0].corrupted);
  EXPECT_EQ(judge(outcome, signature_of({"kernel BUG in e1000_clean_rx_irq"}), {}).verdict, Verdict::nothing);
}

TEST(WatchOfTwoChannels, DoesNotBelieveACrashThatDamageMade) {
  Boot boot;
  boot.come_up();
  boot.serial(Boot::stamped(4, "BUG: kernel NULL pointer dereference, address: 0000000000000010"));
  boot.network(4, "a driver text about: kernel NULL pointer dereference, address: 0000000000000010");
  for (unsigned n = 5; n < 20; ++n) boot.both(n, "all is well " + std::to_string(n));
  boot.time(1min);
  boot.off();
  EXPECT_EQ(boot.watch.outcome().kind, Outcome::Kind::inconclusive);
}

TEST(WatchOfTwoChannels, ReadsTheLogFromMemoryWhenTheConsoleWasCut) {
  Boot boot(MemoryUse::when_torn);
  boot.come_up();
  boot.both(10, k_panic[0]);
  boot.time(1min);
  ASSERT_EQ(boot.watch.need(), Need::memory);
  boot.watch.acted(Need::memory, true, Instant(2h));
  EXPECT_EQ(boot.watch.need(), Need::power_off);
  unsigned n = 10;
  for (const auto& line : k_panic) boot.memory(n++, line);
  boot.off();
  ASSERT_EQ(boot.watch.outcome().oopses.size(), 1u);
  EXPECT_EQ(boot.watch.outcome().oopses[0].title, "kernel BUG in e1000_clean_rx_irq");
}

TEST(WatchOfTwoChannels, LeavesTheMemoryOfAWholeReportAlone) {
  Boot boot(MemoryUse::when_torn);
  boot.come_up();
  unsigned n = 10;
  for (const auto& line : k_panic) boot.both(n++, line);
  EXPECT_EQ(boot.watch.need(), Need::power_off);
}

TEST(WatchOfTwoChannels, KeepsTheGuestsLastMinuteOutOfTheTranscript) {
  Boot boot;
  boot.come_up();
  for (unsigned second = 0; second < 100; ++second)
    boot.both(10 + second, Boot::word("vital", {{"cpu", std::to_string(second)}}));
  boot.both(110, Boot::word("done"));
  boot.off();
  EXPECT_EQ(boot.watch.vitals().size(), 60u);
  EXPECT_EQ(boot.watch.vitals().back().fields.at("cpu"), "99");
  EXPECT_EQ(boot.watch.transcript().lines_seen(), 5u);
  EXPECT_EQ(boot.watch.fusion().missing, 6u) << "what was left out on purpose is not missing; 4 to 9 are";
}

}  // namespace
}  // namespace kverdict
