#include "orchestrator/core/trial/watch.hpp"

#include <gtest/gtest.h>

#include <map>

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using Need = Watch::Need;

constexpr const char* k_banner = "[    0.000000] Linux version 6.1.0 (a@b) #1\n";
constexpr const char* k_bug =
    "[    2.000001] ------------[ cut here ]------------\n"
    "[    2.000002] kernel BUG at net/core/skbuff.c:112!\n"
    "[    2.000003] invalid opcode: 0000 [#1] PREEMPT\n"
    "[    2.000004] CPU: 0 PID: 77 Comm: iperf3 Not tainted 6.1.0 #1\n"
    "[    2.000005] RIP: 0010:skb_panic+0x43/0x45\n"
    "[    2.000006] Call Trace:\n"
    "[    2.000007]  <IRQ>\n"
    "[    2.000008]  skb_put.cold+0x24/0x24\n"
    "[    2.000009]  e1000_clean_rx_irq+0x1e8/0x4c0\n"
    "[    2.000010]  </IRQ>\n"
    "[    2.000011] ---[ end trace 0000000000000000 ]---\n"
    "[    2.000012] Kernel panic - not syncing: Fatal exception in interrupt\n"
    "[    2.000013] Kernel Offset: disabled\n";

// One boot, told line by line at given times.
class Boot {
 public:
  explicit Boot(OopsPolicy policy = {}, Expected expected = {"t0k3n", "6.1.0", "abcd"})
      : watch(limits(), std::move(expected), policy, start_) {}

  static WatchLimits limits() {
    WatchLimits limits;
    limits.boot = 10s;
    limits.silence = 5s;
    limits.workload = 60s;
    limits.linger = 2s;
    limits.dying = 20s;
    limits.provoke = 3s;
    limits.stop = 4s;
    return limits;
  }

  void say(std::chrono::milliseconds at, const std::string& text) {
    watch.on_chunk({ConsoleSource::serial, text}, start_ + at);
  }
  void word(std::chrono::milliseconds at, const std::string& name,
            std::map<std::string, std::string> fields = {}) {
    say(at, encode(Marker{name, std::move(fields)}) + "\n");
  }
  void come_up() {
    say(100ms, k_banner);
    word(900ms, "hello", {{"token", "t0k3n"}, {"build_id", "abcd"}, {"release", "6.1.0"}});
    word(1s, "ready");
    word(1s, "start", {{"step", "iperf"}});
  }
  void stop(std::chrono::milliseconds at) { watch.stop("pointless", start_ + at); }
  void time(std::chrono::milliseconds at) { watch.on_time(start_ + at); }
  void exit(std::chrono::milliseconds at, GuestExit::Cause cause) {
    watch.on_exit({cause, "why"}, start_ + at);
  }
  void off(std::chrono::milliseconds at) {
    ASSERT_EQ(watch.need(), Need::power_off);
    watch.acted(Need::power_off, true, start_ + at);
    exit(at, GuestExit::Cause::destroyed);
    ASSERT_EQ(watch.need(), Need::done);
  }
  std::chrono::milliseconds deadline() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(watch.deadline() - start_);
  }
  Outcome::Kind kind() const { return watch.outcome().kind; }

 private:
  Instant start_ = Instant(1h);

 public:
  Watch watch;
};

TEST(Watch, PassesAWorkloadThatEndsWell) {
  Boot boot;
  boot.come_up();
  boot.word(4s, "metric", {{"step", "iperf"}, {"name", "throughput"}, {"value", "2.5e8"}, {"unit", "bit/s"}});
  boot.word(5s, "end", {{"step", "iperf"}, {"exit", "0"}});
  boot.word(5s, "done");
  boot.off(5s);
  EXPECT_EQ(boot.kind(), Outcome::Kind::passed);
  EXPECT_EQ(boot.watch.outcome().exposure, 4s);
  ASSERT_EQ(boot.watch.outcome().metrics.size(), 1U);
  EXPECT_EQ(boot.watch.outcome().metrics[0], (Metric{"iperf.throughput", 2.5e8, "bit/s"}));
  EXPECT_EQ(boot.watch.boot_time(), 1s);
}

TEST(Watch, WaitsUntilAPanicIsQuietAndNamesIt) {
  Boot boot;
  boot.come_up();
  boot.say(3s, k_bug);
  EXPECT_EQ(boot.watch.need(), Need::wait);
  EXPECT_LE(boot.deadline(), 6s);
  boot.time(boot.deadline());
  boot.off(7s);
  EXPECT_EQ(boot.kind(), Outcome::Kind::crashed);
  EXPECT_EQ(boot.watch.outcome().exposure, 2s) << "until the oops, not until the verdict";
  ASSERT_FALSE(boot.watch.outcome().oopses.empty());
  EXPECT_TRUE(boot.watch.outcome().oopses.front().panicked);
  EXPECT_EQ(boot.watch.outcome().workload, "iperf");
}

TEST(Watch, ReportsTheOopsThatRacesWithGuestExit) {
  Boot boot;
  boot.come_up();
  boot.say(3s, k_bug);
  boot.exit(3s, GuestExit::Cause::powered_off);
  EXPECT_EQ(boot.watch.need(), Need::done);
  EXPECT_EQ(boot.kind(), Outcome::Kind::crashed);
}

TEST(Watch, EndsAnOopsThatTalksForever) {
  Boot boot;
  boot.come_up();
  boot.say(3s, k_bug);
  for (auto at = 4s; at < 40s && boot.watch.need() == Need::wait; at += 1s) {
    boot.say(at, "[    9.000000] still here\n");
    boot.time(at);
  }
  EXPECT_EQ(boot.watch.need(), Need::power_off);
}

TEST(Watch, FindsTheSameInEveryChunking) {
  Boot whole;
  whole.come_up();
  whole.say(3s, k_bug);
  whole.exit(4s, GuestExit::Cause::powered_off);
  for (std::size_t size = 1; size < 40; size += 3) {
    Boot boot;
    boot.come_up();
    const std::string text = k_bug;
    for (std::size_t at = 0; at < text.size(); at += size) boot.say(3s, text.substr(at, size));
    boot.exit(4s, GuestExit::Cause::powered_off);
    EXPECT_EQ(boot.watch.outcome(), whole.watch.outcome()) << "chunks of " << size;
  }
}

TEST(Watch, AsksASilentGuestBySysrqThenNmiThenEndsIt) {
  Boot boot;
  boot.come_up();
  EXPECT_EQ(boot.deadline(), 6s);
  boot.time(6s);
  EXPECT_EQ(boot.watch.need(), Need::sysrq);
  boot.watch.acted(Need::sysrq, true, Instant(1h) + 6s);
  EXPECT_EQ(boot.watch.need(), Need::wait);
  boot.time(10s);
  EXPECT_EQ(boot.watch.need(), Need::nmi);
  boot.watch.acted(Need::nmi, true, Instant(1h) + 10s);
  EXPECT_EQ(boot.watch.need(), Need::wait);
  boot.time(13s);
  boot.off(14s);
  EXPECT_EQ(boot.kind(), Outcome::Kind::hung);
}

TEST(Watch, KeepsWhatTheNmiBroughtOut) {
  Boot boot;
  boot.come_up();
  boot.time(6s);
  boot.watch.acted(Need::sysrq, false, Instant(1h) + 6s);
  boot.watch.acted(Need::nmi, true, Instant(1h) + 6s);
  boot.say(6100ms,
           "[    6.1] x\n[    6.100000] Uhhuh. NMI received for unknown reason 21 on CPU 0.\n"
           "[    6.100001] Kernel panic - not syncing: NMI: Not continuing\n");
  boot.exit(6200ms, GuestExit::Cause::powered_off);
  EXPECT_EQ(boot.kind(), Outcome::Kind::hung);
  EXPECT_FALSE(boot.watch.outcome().oopses.empty());
}

TEST(Watch, HeartBeatsKeepASlowWorkloadAliveUntilItsLimit) {
  Boot boot;
  boot.come_up();
  auto at = 1000ms;
  for (; at < 70s && boot.watch.need() == Need::wait; at += 2s) {
    boot.word(at, "beat");
    boot.time(at);
  }
  EXPECT_EQ(boot.watch.need(), Need::sysrq);
  EXPECT_GE(at, 61s);
}

TEST(Watch, CallsABootWithoutAWordABootFailure) {
  Boot boot;
  boot.time(10s);
  boot.watch.acted(Need::sysrq, false, Instant(1h) + 10s);
  boot.watch.acted(Need::nmi, false, Instant(1h) + 10s);
  boot.off(10s);
  EXPECT_EQ(boot.kind(), Outcome::Kind::boot_failed);
  EXPECT_NE(boot.watch.outcome().detail.find("no console output"), std::string::npos);
}

TEST(Watch, NamesAPanicBeforeTheFirstWordACrash) {
  Boot boot;
  boot.say(100ms, k_banner);
  boot.say(200ms, k_bug);
  boot.exit(300ms, GuestExit::Cause::powered_off);
  EXPECT_EQ(boot.kind(), Outcome::Kind::crashed);
}

TEST(Watch, BlamesTheLabWhenAWrongKernelRuns) {
  for (const auto& [field, value] :
       std::map<std::string, std::string>{{"build_id", "ffff"}, {"token", "other"}}) {
    Boot boot;
    std::map<std::string, std::string> fields{{"token", "t0k3n"}, {"build_id", "abcd"}, {"release", "6.1.0"}};
    fields[field] = value;
    boot.say(100ms, k_banner);
    boot.word(900ms, "hello", fields);
    boot.off(1s);
    EXPECT_EQ(boot.kind(), Outcome::Kind::inconclusive) << field;
  }
}

TEST(Watch, BlamesTheLabWhenTheMachineIsGone) {
  Boot boot;
  boot.come_up();
  boot.exit(2s, GuestExit::Cause::lost);
  EXPECT_EQ(boot.kind(), Outcome::Kind::inconclusive);
}

TEST(Watch, SeesAResetByTheSecondBanner) {
  Boot boot;
  boot.come_up();
  boot.say(3s, k_banner);
  boot.off(3s);
  EXPECT_EQ(boot.kind(), Outcome::Kind::crashed);
  EXPECT_EQ(boot.watch.outcome().oopses.front().title, "unexpected reset");
}

TEST(Watch, TellsAWorkloadsExitCodesApart) {
  const std::map<std::string, Outcome::Kind> k_expected{{"0", Outcome::Kind::passed},
                                                        {"125", Outcome::Kind::untestable},
                                                        {"1", Outcome::Kind::workload_failed},
                                                        {"127", Outcome::Kind::workload_failed}};
  for (const auto& [code, kind] : k_expected) {
    Boot boot;
    boot.come_up();
    boot.word(2s, "out", {{"step", "iperf"}, {"text", "last words"}});
    boot.word(2s, "end", {{"step", "iperf"}, {"exit", code}});
    boot.word(2s, "done");
    boot.off(2s);
    EXPECT_EQ(boot.kind(), kind) << code;
    EXPECT_EQ(boot.watch.outcome().log_tail, code == "0" ? "" : "last words\n");
  }
}

TEST(Watch, IgnoresAForgedMarker) {
  Boot boot;
  boot.come_up();
  boot.say(2s, "@kv 0000 done uptime_ms=1\n");
  EXPECT_EQ(boot.watch.need(), Need::wait);
}

TEST(Watch, LetsAGuestLiveOnAfterAWarningUnlessWarningsCount) {
  const std::string warning =
      "[    2.000001] ------------[ cut here ]------------\n"
      "[    2.000002] WARNING: CPU: 0 PID: 77 at net/core/dev.c:100 foo_bar+0x10/0x20\n"
      "[    2.000003] CPU: 0 PID: 77 Comm: iperf3 Not tainted 6.1.0 #1\n"
      "[    2.000004] RIP: 0010:foo_bar+0x10/0x20\n"
      "[    2.000005] Call Trace:\n"
      "[    2.000006]  baz+0x1/0x2\n"
      "[    2.000007] ---[ end trace 0000000000000000 ]---\n";
  Boot survives;
  survives.come_up();
  survives.say(3s, warning);
  survives.word(5s, "end", {{"step", "iperf"}, {"exit", "0"}});
  survives.word(5s, "done");
  survives.off(5s);
  EXPECT_EQ(survives.kind(), Outcome::Kind::passed);
  EXPECT_EQ(survives.watch.outcome().oopses.size(), 1U) << "a fact, though it does not count";

  Boot counts(OopsPolicy{true});
  counts.come_up();
  counts.say(3s, warning);
  counts.time(counts.deadline());
  counts.off(6s);
  EXPECT_EQ(counts.kind(), Outcome::Kind::crashed);
}

TEST(Watch, StoppedItKeepsWhatTheKernelSurvived) {
  Boot boot;
  boot.come_up();
  boot.stop(8s);
  EXPECT_EQ(boot.watch.need(), Need::power_off);
  boot.watch.acted(Need::power_off, true, {});
  boot.exit(9s, GuestExit::Cause::destroyed);
  EXPECT_EQ(boot.watch.outcome().kind, Outcome::Kind::stopped);
  EXPECT_EQ(boot.watch.outcome().exposure, 7s);
  EXPECT_EQ(boot.watch.outcome().detail, "pointless");
}

TEST(Watch, AnOopsIsNotStoppedAnyMore) {
  Boot boot;
  boot.come_up();
  boot.say(3s, k_bug);
  boot.stop(3100ms);
  boot.exit(4s, GuestExit::Cause::powered_off);
  boot.time(60s);
  EXPECT_EQ(boot.watch.outcome().kind, Outcome::Kind::crashed);
}

}  // namespace
}  // namespace kverdict
