#include "orchestrator/images/selective_build.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/images/build_state.hpp"
#include "runners/host/files.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string member(const std::string& name) {
  auto text = name;
  text.resize(48, ' ');
  text += "10";
  text.resize(58, ' ');
  return text + "`\n";
}

// An output folder as kbuild leaves it: net/dev.o and net/tcp.o in net/built-in.a in built-in.a; a vDSO
// object that is in none.
class SelectiveBuild : public testing::Test {
 protected:
  SelectiveBuild() {
    for (const char* source :
         {"net/dev.c", "net/tcp.c", "net/off.c", "include/net/tcp.h", "include/gen.h", "arch/x86/vdso/time.c",
          "include/vdso/time.h", "include/off.h", "net/bare.c", "net/gen.h"})
      put(tree() / source, "");
    put(tree() / "lib/Makefile", "$(obj)/gen.c: $(srctree)/include/gen.h $(src)/bare.c\n");
    object("net/dev.o", "net/dev.c", "");
    object("net/tcp.o", "net/tcp.c", "    " + (tree() / "net/../include/net/tcp.h").string() + " \\\n");
    object("arch/x86/vdso/time.o", "arch/x86/vdso/time.c", "  ../tree/include/vdso/time.h \\\n");
    archive("net/built-in.a", {"dev.o", "tcp.o"});
    archive("built-in.a", {"net/dev.o", "net/tcp.o"});
    put(output() / ".vmlinux.cmd", "savedcmd_vmlinux := link $$x\n");
    record_mentioned_files(tree(), output());
  }

  fs::path tree() const { return directory_.path() / "tree"; }
  fs::path output() const { return directory_.path() / "out"; }
  static void put(const fs::path& path, const std::string& text) {
    make_dirs(path.parent_path());
    write_file(path, text);
  }
  fs::path record(const std::string& target) const {
    const auto path = output() / target;
    return path.parent_path() / ("." + path.filename().string() + ".cmd");
  }
  void object(const std::string& target, const std::string& source, const std::string& more) {
    put(record(target), "savedcmd_" + target + " := gcc -c -o " + target + " " + source + "\n\nsource_" +
                            target + " := " + (tree() / source).string() + "\n\ndeps_" + target + " := \\\n" +
                            more + "\n" + target + ": $(deps_" + target + ")\n\n$(deps_" + target + "):\n");
  }
  void archive(const std::string& target, const std::vector<std::string>& members) {
    std::string bytes = "!<thin>\n";
    for (const auto& name : members) bytes += member(name + "/");
    put(output() / target, bytes);
    put(record(target), "savedcmd_" + target + " := rm -f " + target + "; ar cDPrST " + target + " x\n");
  }

  std::string reason(const std::set<std::string>& changed, const KernelConfig& config = {}) {
    const auto plan = plan_selective_build(tree(), output(), config, {changed, {}, {}});
    const auto* whole = std::get_if<WholeTree>(&plan);
    return whole ? whole->reason : "selective";
  }
  SelectivePlan plan(const std::set<std::string>& changed) { return plan(SourceChange{changed, {}, {}}); }
  SelectivePlan plan(const SourceChange& change) {
    return std::get<SelectivePlan>(plan_selective_build(tree(), output(), {}, change));
  }

  TemporaryDirectory directory_;
};

TEST_F(SelectiveBuild, MakesTheObjectOfAChangedSourceAndItsArchivesInnermostFirst) {
  const auto made = plan({"net/dev.c"});
  EXPECT_THAT(made.objects, ElementsAre("net/dev.o"));
  EXPECT_THAT(made.archive_commands, ElementsAre("rm -f net/built-in.a; ar cDPrST net/built-in.a x",
                                                 "rm -f built-in.a; ar cDPrST built-in.a x"));
}

TEST_F(SelectiveBuild, FindsHeadersThroughRecordedDependencies) {
  EXPECT_THAT(plan({"include/net/tcp.h"}).objects, ElementsAre("net/tcp.o"));
}

TEST_F(SelectiveBuild, MakesNothingForFilesThatAreNotCompiled) {
  EXPECT_THAT(plan({"net/off.c", "include/off.h", "Documentation/a.rst", "MAINTAINERS"}).objects,
              testing::IsEmpty());
}

TEST_F(SelectiveBuild, SparesObjectsThatMentionNoNameOfAChangedHeaderAllButOne) {
  put(tree() / "include/net/wide.h", "static inline int twice(int x) { return 2 * x; }\n");
  const auto wide = "    " + (tree() / "include/net/wide.h").string() + " \\\n";
  for (const char* name : {"a", "b", "c"}) {
    const std::string source = std::string("net/") + name + ".c";
    put(tree() / source, name == std::string("c") ? "int f(void) { return twice(2); }\n" : "int g;\n");
    object(std::string("net/") + name + ".o", source, wide);
  }
  archive("net/built-in.a", {"a.o", "b.o", "c.o", "dev.o"});
  archive("built-in.a", {"net/a.o", "net/b.o", "net/c.o", "net/dev.o"});
  const std::set<std::string> changed = {"include/net/wide.h"};
  EXPECT_THAT(plan(SourceChange{changed, {}, {}}).objects, ElementsAre("net/a.o", "net/b.o", "net/c.o"));
  EXPECT_THAT(plan(SourceChange{changed, {{"include/net/wide.h", {"twice"}}}, {}}).objects,
              ElementsAre("net/c.o"));
  EXPECT_THAT(plan(SourceChange{changed, {{"include/net/wide.h", {"thrice"}}}, {}}).objects,
              ElementsAre("net/a.o"));
  EXPECT_THAT(
      plan(SourceChange{{"include/net/wide.h", "net/b.c"}, {{"include/net/wide.h", {"thrice"}}}, {}}).objects,
      ElementsAre("net/b.o"));
}

TEST_F(SelectiveBuild, MakesAgainWhatAStoppedBuildLeftUnmade) {
  EXPECT_THAT(plan(SourceChange{{"net/dev.c"}, {}, {"net/tcp.o"}}).objects,
              ElementsAre("net/dev.o", "net/tcp.o"));
  put(record("net/tcp.o"),
      "savedcmd_net/tcp.o := gcc\n\nsource_net/tcp.o := a.c\n\ndeps_net/tcp.o := \\\n  incl");
  const auto torn = plan_selective_build(tree(), output(), {}, {{"net/dev.c"}, {}, {"net/tcp.o"}});
  EXPECT_THAT(std::get<WholeTree>(torn).reason, HasSubstr("not whole"));
}

TEST_F(SelectiveBuild, LeavesToMakeWhatIsNoPlainSource) {
  for (const char* path :
       {"net/Makefile", "net/Kconfig", "Documentation/Kconfig", "scripts/mod/modpost.c", "tools/x.c",
        "arch/x86/entry/syscalls/syscall_64.tbl", "usr/gen_init_cpio.c", "net/we ird.c", "net/\xff.c"})
    EXPECT_THAT(reason({path}), HasSubstr("changed")) << path;
  EXPECT_THAT(reason({"net/new_and_gone.c"}), HasSubstr("is gone"));
  EXPECT_THAT(reason({"include/gen.h"}), HasSubstr("named by a Makefile"));
  EXPECT_THAT(reason({"net/bare.c"}), HasSubstr("named by a Makefile")) << "no folder is written";
  EXPECT_EQ(reason({"net/gen.h"}), "selective") << "another folder is written";
  EXPECT_THAT(reason({"arch/x86/vdso/time.c"}), HasSubstr("no plain part of vmlinux"));
  EXPECT_THAT(reason({"include/vdso/time.h"}), HasSubstr("no plain part of vmlinux"));
}

TEST_F(SelectiveBuild, LeavesToMakeConfigurationsThatReadSourcesInOtherWays) {
  EXPECT_THAT(reason({"net/dev.c"}, {{"CONFIG_MODULES", "y"}}), HasSubstr("CONFIG_MODULES"));
  EXPECT_EQ(reason({"net/dev.c"}, {{"CONFIG_MODULES", "n"}}), "selective");
}

TEST_F(SelectiveBuild, LeavesToMakeRecordsThatAreNotOfObjects) {
  put(record("include/generated/offsets.s"),
      "savedcmd_include/generated/offsets.s := gcc -S " + (tree() / "net/dev.c").string() + "\n");
  EXPECT_THAT(reason({"net/dev.c"}), HasSubstr("include/generated/offsets.s is made from net/dev.c"));
}

TEST_F(SelectiveBuild, AnUnfinishedBuildLosesOnlyWhatMakeDidNotFinish) {
  put(output() / "old.o", "made before");
  begin_build(output());
  put(output() / ".config", "CONFIG_A=y\n");
  put(output() / "include/config/auto.conf", "CONFIG_A=y\n");
  put(output() / "include/config/A", "");
  put(output() / "net/dev.o", "whole");
  object("net/dev.o", "net/dev.c", "");
  put(output() / "net/tcp.o", "cut sho");
  fs::remove(record("net/tcp.o"));
  put(record("net/torn.o"),
      "savedcmd_net/torn.o := gcc\n\nsource_net/torn.o := a.c\n\ndeps_net/torn.o := \\\n  incl");
  put(output() / "net/torn.o", "whole, but its record is not");
  EXPECT_EQ(load_build_state(output()), std::nullopt);
  remove_unfinished_files(output());
  EXPECT_TRUE(fs::exists(output() / ".config"));
  EXPECT_TRUE(fs::exists(output() / "include/config/auto.conf"));
  EXPECT_TRUE(fs::exists(output() / "include/config/A"));
  EXPECT_TRUE(fs::exists(output() / "net/dev.o"));
  EXPECT_FALSE(fs::exists(output() / "net/tcp.o"));
  EXPECT_FALSE(fs::exists(output() / "net/torn.o"));
  EXPECT_FALSE(fs::exists(record("net/torn.o")));
}

TEST(BuildRecord, IsWholeWithItsLastRuleOrObjtoolsLineBehindIt) {
  const std::string head = "savedcmd_a.o := gcc\n\nsource_a.o := a.c\n\ndeps_a.o := \\\n  a.h \\\n";
  const std::string rules = "\na.o: $(deps_a.o)\n\n$(deps_a.o):\n";
  EXPECT_TRUE(is_whole_record("cmd_b.a := ar b.a\n"));
  EXPECT_TRUE(is_whole_record(head + rules));
  EXPECT_TRUE(is_whole_record(head + rules + "\na.o: $(wildcard ./tools/objtool/objtool)\n"));
  for (const std::string& torn :
       {std::string(), std::string("cmd_b.a := a"), head, head + "\na.o: $(deps_a.o)\n",
        head + "\na.o: $(deps_a.o)\n\n$(deps_", head + rules + "\na.o: $(wildcard ./to"})
    EXPECT_FALSE(is_whole_record(torn)) << torn;
}

TEST_F(SelectiveBuild, TheStateOfAFolderIsReadBackAndGoneWhileABuildRuns) {
  BuildState state;
  state.candidates = {{"abc"}, {"def"}};
  state.making = {"net/dev.o"};
  state.config_key = "key";
  state.whole = true;
  state.pending = {"net/dev.c"};
  state.warnings = {"lost"};
  store_build_state(output(), state);
  EXPECT_EQ(load_build_state(output()), state);
  write_file(output() / ".kverdict-state.json", "{\"format\": 1");
  EXPECT_EQ(load_build_state(output()), std::nullopt);
  store_build_state(output(), state);
  begin_build(output());
  EXPECT_EQ(load_build_state(output()), std::nullopt);
}

}  // namespace
}  // namespace kverdict
