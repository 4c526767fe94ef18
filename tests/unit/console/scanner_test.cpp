#include "orchestrator/core/console/scanner.hpp"

#include <gmock/gmock.h>

#include <ctime>

namespace kverdict {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> titles(std::string_view log) {
  std::vector<std::string> out;
  for (const auto& oops : find_oopses(log)) out.push_back(oops.title);
  return out;
}

struct HeaderCase {
  const char* log;
  const char* title;
  const char* kind;
};

class Reports : public testing::TestWithParam<HeaderCase> {};

TEST_P(Reports, AreNamed) {
  const auto oopses = find_oopses(GetParam().log);
  ASSERT_EQ(oopses.size(), 1u);
  EXPECT_EQ(oopses[0].title, GetParam().title);
  EXPECT_EQ(oopses[0].kind, GetParam().kind);
}

constexpr const char* k_x86 =
    "Call Trace:\n <TASK>\n dump_stack_lvl+0x1/0x2\n my_driver_rx+0x1/0x2 [my]\n do_syscall_64+0x1/0x2\n";

INSTANTIATE_TEST_SUITE_P(
    Architectures, Reports,
    testing::Values(
        HeaderCase{
            "CPU 0 Unable to handle kernel paging request at virtual address 00000004, epc == 8031c2d4\n"
            "Oops[#1]:\nepc   : 8031c2d4 f+0x44/0x1c0\nra    : 8031c2b0 g+0x20/0x1c0\n"
            "Call Trace:\n[<8031c2d4>] f+0x44/0x1c0\n",
            "BUG: unable to handle kernel paging request in f", "page_fault"},
        HeaderCase{"Oops - illegal instruction [#1]\nepc : f+0x12/0xfee [m]\nCall Trace:\n"
                   "[<ffffffff0160a012>] f+0x12/0xfee [m]\n",
                   "invalid opcode in f", "trap"},
        HeaderCase{"CPU 2 Unable to handle kernel paging request at virtual address 0000000000000010, era == "
                   "9000000003c2a1b0\nOops[#1]:\n  ERA: 9000000003c2a1b0 f+0x70/0x1200\nCall Trace:\n"
                   "[<9000000003c2a1b0>] f+0x70/0x1200\n",
                   "BUG: unable to handle kernel paging request in f", "page_fault"},
        HeaderCase{
            "specification exception: 0006 ilc:2 [#1] SMP\nKrnl PSW : 0704c00180000000 "
            "000003ff8021a2b6 (f+0x3e/0x1f0 [m])\nCall Trace:\n [<000003ff8021a2b6>] f+0x3e/0x1f0 [m]\n",
            "specification exception in f", "trap"},
        HeaderCase{"CFI failure at f+0x1c4/0x350 (target: g+0x0/0x40; expected type: 0x12345678)\n"
                   "invalid opcode: 0000 [#1] SMP\nRIP: 0010:f+0x1c4/0x350\nCall Trace:\n h+0x1/0x2\n",
                   "CFI failure in f", "trap"},
        HeaderCase{"BUG: workqueue leaked atomic, lock or RCU: kworker/1:2[46]\n"
                   "     preempt=0x00000000 lock=0->1 RCU=0->0 workfn=f\nCall Trace:\n g+0x1/0x2\n",
                   "BUG: workqueue leaked atomic, lock or RCU: kworker/NUM:NUM[NUM]", "atomic_sleep"},
        HeaderCase{"rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-...D } 5250 jiffies\n"
                   "NMI backtrace for cpu 1\nRIP: 0010:e1000_clean_tx_irq+0x40/0x400\nCall Trace:\n"
                   " e1000_clean+0x6a/0x600\n __napi_poll+0x28/0x1c0\n net_rx_action+0x2a0/0x300\n",
                   "INFO: rcu detected stall in e1000_clean", "rcu_stall"}));

INSTANTIATE_TEST_SUITE_P(
    All, Reports,
    testing::Values(HeaderCase{"Oops: general protection fault, probably for non-canonical address "
                               "0xdead000000000100: 0000 [#1] SMP\nRIP: 0010:f+0x1/0x2\n"
                               "Call Trace:\n g+0x1/0x2\n",
                               "general protection fault in f", "gpf"},
                    HeaderCase{"Unable to handle kernel NULL pointer dereference at virtual address "
                               "0000000000000008\nInternal error: Oops: 96000004 [#1] SMP\n"
                               "pc : f+0x1/0x2\nCall trace:\n f+0x1/0x2\n g+0x1/0x2\n",
                               "BUG: unable to handle kernel NULL pointer dereference in f", "null_deref"},
                    HeaderCase{"BUG: Kernel NULL pointer dereference on read at 0x00000000\nNIP "
                               "[c0000000003f9b68] f+0x20/0x40\nCall Trace:\n"
                               "[c000000002a3bc10] [c0000000003f9b68] f+0x20/0x40\n",
                               "BUG: unable to handle kernel NULL pointer dereference in f", "null_deref"},
                    HeaderCase{"Unable to handle kernel paging request at virtual address "
                               "ffffffd800000000\nOops [#1]\nepc : f+0x1/0x2\nCall Trace:\n"
                               "[<ffffffff80006a10>] f+0x1/0x2\n",
                               "BUG: unable to handle kernel paging request in f", "page_fault"},
                    HeaderCase{"NMI watchdog: Watchdog detected hard LOCKUP on cpu 1\nRIP: "
                               "0010:f+0x1/0x2\nCall Trace:\n g+0x1/0x2\n __x64_sys_read+0x1/0x2\n"
                               " do_syscall_64+0x1/0x2\n",
                               "hard lockup in sys_read", "hard_lockup"},
                    HeaderCase{"Kernel panic - not syncing: NMI: Not continuing\nRIP: "
                               "0010:crasher_spin+0x7/0x10\nCall Trace:\n crasher_init+0x1/0x2\n"
                               " __do_sys_finit_module+0x1/0x2\n do_syscall_64+0x1/0x2\n",
                               "NMI in finit_module", "nmi"},
                    HeaderCase{"Oops: 0002 [#1] PREEMPT SMP\nRIP: 0010:f+0x1/0x2\nCall Trace:\n g+0x1/0x2\n",
                               "Oops in f", "page_fault"},
                    HeaderCase{"BUG kmalloc-64 (Tainted: G    B      ): Right Redzone overwritten\nCall "
                               "Trace:\n my_free+0x1/0x2\n",
                               "BUG: Right Redzone overwritten in my_free", "mm_bug"},
                    HeaderCase{
                        "mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 4: b200000000070f0f\n",
                        "machine check", "mce"},
                    HeaderCase{"UBSAN: array-index-out-of-bounds in drivers/x.c:12:3\nCall Trace:\n "
                               "__ubsan_handle_out_of_bounds+0x1/0x2\n f+0x1/0x2\n",
                               "UBSAN: array-index-out-of-bounds in f", "ubsan"}));

TEST(Scanner, ReadsATraceOfToday) {
  const auto oopses =
      find_oopses(std::string("WARNING: CPU: 0 PID: 1 at a.c:1 my_driver_rx+0x1/0x2\n") + k_x86);
  ASSERT_EQ(oopses.size(), 1u);
  EXPECT_EQ(oopses[0].title, "WARNING in my_driver_rx");
  EXPECT_EQ(oopses[0].frame, "my_driver_rx");
  ASSERT_EQ(oopses[0].trace.size(), 3u);
  EXPECT_EQ(oopses[0].trace[1], (TraceFrame{"my_driver_rx", "my"}));
}

TEST(Scanner, LetsPolicyDecideAboutAKernelThatLivesOn) {
  const auto oopses = find_oopses("[    1.000000] Out of memory: Killed process 12 (churn) total-vm:1kB\n");
  ASSERT_EQ(oopses.size(), 1u);
  EXPECT_TRUE(oopses[0].complaint);
  EXPECT_EQ(oopses[0].kind, "oom");
}

TEST(Scanner, NamesAPanicAfterItsFirstHeader) {
  const auto oopses = find_oopses(
      std::string("WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n") + k_x86 +
      "Kernel panic - not syncing: panic_on_warn set ...\n---[ end Kernel panic - not syncing: x ]---\n");
  ASSERT_EQ(oopses.size(), 1u);
  EXPECT_TRUE(oopses[0].panicked);
}

TEST(Scanner, IsDeafToWordsThatAreNoComplaint) {
  EXPECT_THAT(titles("[    0.000000] Command line: BUG: KASAN: x panic_on_oops=1\n"
                     "[    0.000000] Kernel command line: WARNING: CPU: 0 at x\n"
                     "[    1.000000] @kv 1234 out step=a text=BUG:%20KASAN:\n"
                     "[    1.000000] INFO: lockdep is turned off.\n"
                     "[    1.000000] sysrq: Show Backtrace of All Active CPUs\n"
                     "[    1.000000] Call Trace:\n[    1.000000]  f+0x1/0x2\n"
                     "[    1.000000] mydrv: DEBUG: all fine\n"),
              IsEmpty());
}

TEST(Scanner, BelievesAnUnstampedHeaderInAStampedLogOnlyWithATrace) {
  const std::string stamped = "[    1.000000] a\n[    1.000001] b\n[    1.000002] c\n";
  EXPECT_THAT(titles(stamped + "BUG: this is what my script prints\n"), IsEmpty());
  EXPECT_THAT(titles("Mar  1 12:00:00 h prog[1]: BUG: this is what my daemon logs\n"), IsEmpty());
}

TEST(Scanner, TellsAtOnceThatAReportBeganAndThatTheMachineBootedAgain) {
  OopsScanner scanner;
  std::uint64_t number = 0;
  const auto say = [&](std::string_view text) {
    Line line;
    line.text = line.raw = text;
    scanner.feed(line, number++);
  };
  say("Linux version 6.1");
  EXPECT_FALSE(scanner.open_since());
  say("kernel BUG at mm/x.c:12!");
  EXPECT_EQ(scanner.open_since(), 1u);
  EXPECT_EQ(scanner.begun(), 1u);
  EXPECT_THAT(scanner.take(), IsEmpty());
  say("RIP: 0010:f+0x1/0x2");
  EXPECT_EQ(scanner.peek()->title, "kernel BUG in f");
  say("Linux version 6.1");
  EXPECT_EQ(scanner.boots(), 2u);
  EXPECT_FALSE(scanner.open_since());
  ASSERT_EQ(scanner.take().size(), 1u);
}

TEST(Scanner, WaitsNoLongerThanAReportLasts) {
  OopsScanner scanner;
  std::uint64_t number = 0;
  const auto say = [&](std::string_view text) {
    Line line;
    line.text = line.raw = text;
    scanner.feed(line, number++);
  };
  EXPECT_TRUE(scanner.settled());
  say("WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2");
  say("Call Trace:");
  say(" f+0x1/0x2");
  EXPECT_FALSE(scanner.settled());
  say("---[ end trace 0000000000000000 ]---");
  EXPECT_TRUE(scanner.settled());
  EXPECT_TRUE(scanner.open_since());
}

TEST(Scanner, TellsARebootFromAFirstBoot) {
  const std::string boot =
      "SeaBIOS (version 1)\nBooting from ROM...\nBooting the kernel.\n[    0.000000] Linux version 6.1\n";
  EXPECT_THAT(titles(boot), IsEmpty());
  EXPECT_THAT(titles("my test runs\n" + boot), ElementsAre("unexpected kernel reboot"));
}

TEST(Scanner, KeepsOneTaskPerReport) {
  EXPECT_THAT(titles("[    1.000000][    T1] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n"
                     "[    1.000000][    T2] Call Trace:\n"
                     "[    1.000000][    T2]  wrong+0x1/0x2\n"
                     "[    1.000000][    T1] Call Trace:\n"
                     "[    1.000000][    T1]  right+0x1/0x2\n"),
              ElementsAre("WARNING in right"));
}

TEST(Scanner, IsBoundedByAnEndlessReport) {
  std::string log = "BUG: soft lockup - CPU#0 stuck for 22s! [x:1]\n";
  for (int i = 0; i < 5000; ++i) log += " f" + std::to_string(i) + "+0x1/0x2\n";
  const auto oopses = find_oopses(log);
  ASSERT_EQ(oopses.size(), 1u);
  EXPECT_LE(oopses[0].last_line - oopses[0].first_line, 1000u);
  EXPECT_LE(oopses[0].trace.size(), 64u);
}

// Four times the reports may take eight times as long on a noisy machine, not sixteen.
TEST(Scanner, TakesTimeInProportionToTheReports) {
  const auto one =
      std::string("WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n") + k_x86 + "---[ end trace 0 ]---\n";
  const auto seconds = [&](int reports) {
    std::string log;
    for (int i = 0; i < reports; ++i) log += one;
    const auto start = std::clock();
    EXPECT_EQ(find_oopses(log).size(), static_cast<std::size_t>(reports));
    return static_cast<double>(std::clock() - start);
  };
  seconds(100);
  EXPECT_LT(seconds(1200), 8 * seconds(300) + CLOCKS_PER_SEC / 100);
}

}  // namespace
}  // namespace kverdict
