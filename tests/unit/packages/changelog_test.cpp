#include "orchestrator/sources/package/changelog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/sources/package/upstream.hpp"

namespace kverdict {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* k_changelog = R"(linux-signed-amd64 (6.1.190+1) bookworm-security; urgency=high

  * Sign kernel from linux 6.1.190-1

linux (6.1.190-1) bookworm-security; urgency=high

  * New upstream stable update:
    https://www.kernel.org/pub/linux/kernel/v6.x/ChangeLog-6.1.189
    - tcp: do not let tcp_rmem be set below 4096
    - [x86] perf/x86/intel: Only expose freeze-on-SMI when the CPU has PEBS
      isolation, to fix stuck bits (CVE-2026-1)
    - tcp: fix potential race in tcp_v6_syn_recv_sock()

  [ Salvatore Bonaccorso ]
  * exec: Cleanup POSIX timers right after de_thread() (CVE-2026-98260)

 -- Salvatore Bonaccorso <carnil@debian.org>  Fri, 16 Oct 2026 23:46:12 +0200

linux (6.1.187-1) bookworm-security; urgency=high

  * af_unix: older

 -- X <x@debian.org>  Mon, 07 Sep 2026 21:33:42 +0200
)";

TEST(Changelog, ListsWhatIsNewerThanAVersionOneLineEach) {
  EXPECT_THAT(
      changes_since(k_changelog, "6.1.187-1"),
      ElementsAre(
          "tcp: do not let tcp_rmem be set below 4096",
          "[x86] perf/x86/intel: Only expose freeze-on-SMI when the CPU has PEBS isolation, to fix stuck "
          "bits (CVE-2026-1)",
          "tcp: fix potential race in tcp_v6_syn_recv_sock()",
          "exec: Cleanup POSIX timers right after de_thread() (CVE-2026-98260)"));
  EXPECT_EQ(changes_since(k_changelog, "6.1.180-1").size(), 5U);
  EXPECT_THAT(changes_since(k_changelog, "6.1.192-1"), IsEmpty());
}

TEST(Changelog, AnyTruncationIsReadWithoutHarm) {
  const std::string whole = k_changelog;
  for (std::size_t size = 0; size < whole.size(); ++size) changes_since(whole.substr(0, size), "6.1.1-1");
  EXPECT_THAT(changes_since(std::string(10, '\0') + "\n  * x\n \n (\n )(\n", "1"), ElementsAre("x"));
}

TEST(Changelog, PutsTheNearestWordsFirst) {
  const auto changes = changes_since(k_changelog, "6.1.180-1");
  EXPECT_EQ(likely_changes(changes, "workload tcp-rmem failed", 1).at(0),
            "tcp: do not let tcp_rmem be set below 4096");
  EXPECT_EQ(likely_changes(changes, "BUG: kernel NULL pointer in tcp_v6_syn_recv_sock", 1).at(0),
            "tcp: fix potential race in tcp_v6_syn_recv_sock()");
  EXPECT_THAT(likely_changes(changes, "general protection fault in ext4_x", 3), IsEmpty());
}

TEST(Upstream, TellsTheTagOfADistributionsVersion) {
  struct Row {
    const char *version, *tag;
  };
  for (const auto& row : {Row{"6.1.176-1", "v6.1.176"}, Row{"6.12.117-1~deb12u1", "v6.12.117"},
                          Row{"6.1~rc3-1~exp1", "v6.1-rc3"}, Row{"5.14.0-362.8.1.el9_3", "v5.14"},
                          Row{"1:6.6.3-1", "v6.6.3"}, Row{"6.1.190+1", "v6.1.190"}, Row{"6.8.0", "v6.8"},
                          Row{"20240101", ""}, Row{"abc-1", ""}, Row{"", ""}, Row{"6..1-1", ""}})
    EXPECT_EQ(upstream_tag(row.version), row.tag) << row.version;
}

TEST(Upstream, BuildsInWhatTheGuestNeedsAndLeavesModulesOut) {
  EXPECT_EQ(without_modules(
                "CONFIG_A=y\nCONFIG_VIRTIO=m\nCONFIG_X=m\nCONFIG_DEBUG_INFO_BTF=y\n# CONFIG_N is not set\n",
                {"CONFIG_VIRTIO"}),
            "CONFIG_A=y\n# CONFIG_X is not set\n# CONFIG_N is not "
            "set\nCONFIG_VIRTIO=y\nCONFIG_DEBUG_INFO_NONE=y\n");
}

}  // namespace
}  // namespace kverdict
