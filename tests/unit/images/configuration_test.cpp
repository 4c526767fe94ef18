#include "orchestrator/images/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/images/make_command.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

using testing::ElementsAre;

TEST(KernelConfig, ReadsAssignmentsAndUnsetOptionsTheLastLineWins) {
  const auto config =
      parse_config("# comment\nCONFIG_A=y\nCONFIG_B=\"x=y\"\n# CONFIG_C is not set\r\n\nCONFIG_A=m\n", "f");
  EXPECT_EQ(config, (KernelConfig{{"CONFIG_A", "m"}, {"CONFIG_B", "\"x=y\""}, {"CONFIG_C", "n"}}));
  EXPECT_EQ(parse_config(format_config(config), "f"), config);
}

TEST(KernelConfig, NamesFileAndLineOfWhatIsNoConfiguration) {
  try {
    parse_config("CONFIG_A=y\nCONFIG A=y\n", "my.fragment");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("my.fragment:2: "));
  }
}

TEST(KernelConfig, TellsOptionsThatWereAskedForAndLost) {
  const KernelConfig asked = {{"CONFIG_A", "y"}, {"CONFIG_B", "y"}, {"CONFIG_C", "n"}, {"CONFIG_D", "20"}};
  const KernelConfig result = {{"CONFIG_A", "y"}, {"CONFIG_C", "y"}, {"CONFIG_D", "30"}};
  EXPECT_THAT(lost_options(asked, result), ElementsAre("CONFIG_B=y was asked for, but it is not set",
                                                       "CONFIG_C not set was asked for, but it is y",
                                                       "CONFIG_D=20 was asked for, but it is 30"));
}

TEST(Configuration, IsMadeAgainWhenAnythingItDependsOnChanged) {
  for (const char* path :
       {"Kconfig", "net/ipv4/Kconfig", "lib/Kconfig.debug", "scripts/Kconfig.include", "Makefile",
        "scripts/kconfig/conf.c", "scripts/cc-version.sh", "arch/x86/Makefile", "arch/x86/Kconfig.cpu",
        "arch/x86/configs/x86_64_defconfig", "kernel/configs/tiny.config"})
    EXPECT_TRUE(touches_configuration(path)) << path;
  for (const char* path :
       {"net/ipv4/tcp.c", "net/ipv4/Makefile", "include/net/tcp.h", "arch/x86/kernel/setup.c",
        "Documentation/x86/boot.rst", "arch/x86/kernel/Makefile"})
    EXPECT_FALSE(touches_configuration(path)) << path;
}

constexpr const char* k_patch = R"(From: someone
Subject: fix

diff --git a/net/a.c b/net/a.c
--- a/net/a.c
+++ b/net/a.c
@@ -1,3 +1,4 @@ int f(void)
 one
--- two
+++ two
+three
 four
diff --git a/new.h b/new.h
new file mode 100644
--- /dev/null
+++ b/new.h
@@ -0,0 +1 @@
+x
)";

TEST(Patch, NamesTheFilesItTouches) {
  EXPECT_THAT(paths_of_patch(k_patch), ElementsAre("net/a.c", "new.h"));
}

TEST(Patch, ReversedTwiceIsTheSame) {
  const auto reversed = reversed_patch(k_patch);
  EXPECT_THAT(reversed,
              testing::HasSubstr("@@ -1,4 +1,3 @@ int f(void)\n one\n+-- two\n-++ two\n-three\n four\n"));
  EXPECT_THAT(reversed, testing::HasSubstr(
                            "deleted file mode 100644\n--- b/new.h\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"));
  EXPECT_EQ(reversed_patch(reversed), k_patch);
}

MakePlace place(bool direct) {
  MakePlace where;
  where.tree = "/w/tree";
  where.output = "/w/out";
  where.direct = direct;
  where.ccache = true;
  return where;
}

TEST(MakeCommand, RunsInTheOutputFolderWhereTheMakefileUnderstandsIt) {
  BuildOptions options;
  options.jobs = 3;
  options.cache = "/c";
  options.make_variables = {{"WERROR", "0"}};
  const auto direct = make_command(place(true), options, MakeScope::link, {"vmlinux"});
  EXPECT_EQ(direct.directory, "/w/out");
  EXPECT_THAT(direct.argv, ElementsAre("make", "-rR", "-j3", "-f", "/w/tree/Makefile", "-o", "prepare", "-o",
                                       ".", "-o", "descend", "ARCH=x86_64", "LOCALVERSION=-kverdict",
                                       "HOSTCC=ccache gcc", "WERROR=0", "CC=ccache gcc", "vmlinux"));
  const auto classic = make_command(place(false), options, MakeScope::everything, {"vmlinux"});
  EXPECT_EQ(classic.directory, "/w/tree");
  EXPECT_THAT(classic.argv, testing::Contains("O=/w/out"));
  EXPECT_EQ(classic.env.at("KBUILD_BUILD_TIMESTAMP"), "Thu Jan  1 00:00:00 UTC 1970");
  EXPECT_EQ(classic.env.at("CCACHE_DIR"), "/c/ccache");
}

}  // namespace
}  // namespace kverdict
