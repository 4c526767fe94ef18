#include "orchestrator/core/console/title.hpp"

#include <gtest/gtest.h>

#include "orchestrator/core/console/demangle.hpp"
#include "orchestrator/core/console/families.hpp"
#include "orchestrator/core/console/pattern.hpp"

namespace kverdict {
namespace {

TEST(Title, ReplacesWhatDiffersFromRunToRun) {
  EXPECT_EQ(normal_title("Bad thing at 0xffffffff81234567 in f+0x12/0x34"), "Bad thing at ADDR in f");
  EXPECT_EQ(normal_title("bad rss ffff88005fac4300 idx 3"), "bad rss ADDR idx NUM");
  EXPECT_EQ(normal_title("CPU#3  stuck\tfor 22s"), "CPU stuck for 22s");
  EXPECT_EQ(normal_title("no route to 10.0.2.15!"), "no route to IP!");
  EXPECT_EQ(normal_title("unknown-block(0,0)"), "unknown-block(NUM,NUM)");
  EXPECT_EQ(normal_title("tcp_v4_rcv in ipv6 x86_64"), "tcp_v4_rcv in ipv6 x86_64");
}

TEST(Title, IsPrintableAndShort) {
  EXPECT_EQ(normal_title("a\x01\xff\tb   c "), "a b c");
  EXPECT_LE(normal_title(std::string(1000, 'x')).size(), k_longest_title);
}

TEST(Names, LoseCompilerSuffixesAndSyscallPrefixes) {
  EXPECT_EQ(plain_function("crasher_null.isra.0"), "crasher_null");
  EXPECT_EQ(plain_function("ip_set_ad.constprop.0.cold"), "ip_set_ad");
  EXPECT_EQ(names_of("__x64_sys_recvmmsg", Flavours::apart).front(), "sys_recvmmsg");
  EXPECT_EQ(names_of("compat_SyS_mount", Flavours::apart).front(), "mount");
  EXPECT_EQ(names_of("synchronize_rcu_expedited", Flavours::joined).front(), "synchronize_rcu");
  EXPECT_EQ(names_of("synchronize_rcu_expedited", Flavours::apart).front(), "synchronize_rcu_expedited");
}

TEST(Names, OfRustAreReadable) {
  EXPECT_EQ(demangled("_RNvMs3_NtCshgDM7dBCdno_11rust_binder7processNtB5_7Process10update_ref"),
            "<rust_binder::process::Process>::update_ref");
  EXPECT_EQ(demangled("_RNvNtNtCs9jEwPDbx20M_4core9panicking9panic_fmt"),
            "_RNvNtNtCs9jEwPDbx20M_4core9panicking9panic_fmt");
  EXPECT_EQ(demangled("_RNvNtCs9jEwPDbx20M_4core9panicking9panic_fmt"), "core::panicking::panic_fmt");
  EXPECT_EQ(demangled("_Rubbish"), "_Rubbish");
  EXPECT_EQ(demangled("tcp_v4_rcv"), "tcp_v4_rcv");
}

TEST(Patterns, CaptureWithoutBacktracking) {
  std::vector<std::string_view> captures;
  ASSERT_TRUE(
      match_header("BUG: KASAN: {w} in {o}", "BUG: KASAN: use-after-free in f.isra.0+0x1/0x2", captures));
  EXPECT_EQ(captures[0], "use-after-free");
  EXPECT_EQ(captures[1], "f.isra.0");
  ASSERT_TRUE(match_header("BUG: KASAN: {w} in {o}", "BUG: KASAN: wild in 0xffffffff81234567", captures));
  EXPECT_EQ(captures[1], "");
  EXPECT_TRUE(match_header("task * blocked for {}", "task a:1 blocked for more", captures));
  EXPECT_FALSE(match_header("CPU {n} self", "CPU x self", captures));
  EXPECT_FALSE(match_header("", "", captures) && !captures.empty());
}

TEST(Globs, MatchWholeNames) {
  EXPECT_TRUE(fits("*kasan*", "__kasan_check_read"));
  EXPECT_TRUE(fits("mutex_lock*", "mutex_lock_nested"));
  EXPECT_FALSE(fits("mutex_lock", "mutex_lock_nested"));
  EXPECT_FALSE(fits("str*", ""));
  EXPECT_TRUE(fits_any("a* b*c", "bxc"));
}

TEST(Families, KnowGlueFromWork) {
  for (const auto* glue :
       {"kasan_report", "dump_stack_lvl", "__kmalloc_noprof", "_raw_spin_lock_irqsave", "mutex_lock_nested",
        "memcpy", "__list_del_entry_valid", "queue_work_on", "exc_page_fault"})
    EXPECT_TRUE(is_glue(glue)) << glue;
  for (const auto* work :
       {"e1000_clean_rx_irq", "tcp_v4_rcv", "ext4_file_write_iter", "strp_check_rcv", "crasher_null"})
    EXPECT_FALSE(is_glue(work)) << work;
}

// Each line of the table in families.cpp leaves out what has a life of its own.
TEST(Families, HoldWhatOthersCalledAndNotWhatCanBeWrongByItself) {
  for (const auto* name :
       {"kasan_report", "__asan_load8", "_raw_spin_lock_irqsave", "__kmalloc_noprof", "kfree",
        "list_del_init", "refcount_warn_saturate", "memcpy", "vsnprintf", "folio_unlock", "mutex_lock_nested",
        "xas_load", "queue_work_on", "asm_exc_page_fault"})
    EXPECT_TRUE(is_glue(name)) << name;
  for (const auto* name :
       {"list_lru_add", "__list_lru_walk_one", "folio_end_read", "__folio_mark_dirty",
        "hrtimer_start_range_ns", "__timer_delete_sync", "xas_create", "crypto_shash_final",
        "kernfs_remove_by_name_ns", "add_wait_queue", "try_to_wake_up", "percpu_ref_put",
        "rcu_note_context_switch", "iov_iter_revert", "lock_sock_nested", "rb_alloc_aux"})
    EXPECT_FALSE(is_glue(name)) << name;
}

TEST(Families, AHungTaskIsNamedBehindItsWaits) {
  const std::vector<NamedFrame> frames = {{"__schedule", ""},  {"schedule", ""},      {"io_schedule", ""},
                                          {"bit_wait_io", ""}, {"__wait_on_bit", ""}, {"inet_shutdown", ""}};
  EXPECT_EQ(pick_hung(frames), "inet_shutdown");
}

TEST(Families, AStallWithoutAnythingWorthyIsNamedByItsInnermostFrame) {
  const std::vector<NamedFrame> frames = {{"lock_is_held_type", ""}, {"do_syscall_64", ""}, {"entry", ""}};
  EXPECT_EQ(pick_stalled(frames), "lock_is_held_type");
}

}  // namespace
}  // namespace kverdict
