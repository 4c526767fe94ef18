#include "orchestrator/images/build_log.hpp"

#include <gtest/gtest.h>

namespace kverdict {
namespace {

struct Case {
  const char* log;
  BuildBlame::Who who;
  const char* line;
};

TEST(BuildLog, BlamesTheCandidateForWhatItsSourcesSay) {
  const Case cases[] = {
      {"  CC      net/a.o\n/w/net/a.c: In function 'f':\n/w/net/a.c:12:3: error: 'x' undeclared\nmake[2]: "
       "*** [a.o] Error 1\n",
       BuildBlame::Who::candidate, "/w/net/a.c:12:3: error: 'x' undeclared"},
      {"net/a.c:1:10: fatal error: linux/gone.h: No such file or directory\n", BuildBlame::Who::candidate,
       "net/a.c:1:10: fatal error: linux/gone.h: No such file or directory"},
      {"ld: net/a.o: in function `f':\na.c:(.text+0x1): undefined reference to `g'\n",
       BuildBlame::Who::candidate, "ld: net/a.o: in function `f':"},
      {"a.c:3:2: error: #error Cannot allocate memory\n", BuildBlame::Who::candidate,
       "a.c:3:2: error: #error Cannot allocate memory"},
      {"init/Kconfig:9: syntax error\nmake: *** [Makefile:5: allnoconfig] Error 1\n",
       BuildBlame::Who::candidate, "make: *** [Makefile:5: allnoconfig] Error 1"},
  };
  for (const auto& c : cases) {
    const auto result = blame(c.log);
    EXPECT_EQ(result.who, c.who) << c.log;
    EXPECT_EQ(result.line, c.line);
  }
}

TEST(BuildLog, BlamesTheLabForAFullDiskAKilledCompilerAndMissingPrograms) {
  for (const char* log :
       {"a.c:1:1: fatal error: error writing to /tmp/x.s: No space left on device\nmake: *** [a.o] Error 1\n",
        "gcc: fatal error: Killed signal terminated program cc1\ncompilation terminated.\n",
        "net/a.c: internal compiler error: Killed (program cc1)\n", "make[1]: *** [Makefile:3: a.o] Killed\n",
        "sh: 1: flex: not found\nmake: *** [x] Error 127\n", "cc1: out of memory allocating 65536 bytes\n",
        "ld: final link failed: No space left on device\n",
        "/bin/sh: 1: Cannot fork: Resource temporarily unavailable\n"})
    EXPECT_EQ(blame(log).who, BuildBlame::Who::lab) << log;
}

TEST(BuildLog, SuspectsLeftoversWhereAnOldOutputFolderMayBeTheCause) {
  for (const char* log :
       {"ld: net/built-in.a: file truncated\n", "ld: a.o: file format not recognized; treating as script\n",
        "make[3]: *** No rule to make target 'include/foo.h', needed by 'a.o'.  Stop.\n",
        "./include/generated/bounds.h:3:9: error: stray '\\1' in program\n"})
    EXPECT_EQ(blame(log).who, BuildBlame::Who::leftovers) << log;
}

TEST(BuildLog, TailIsBoundedAndPrintable) {
  std::string log = "first\n";
  for (int i = 0; i < 100; ++i) log += "line " + std::to_string(i) + "\n";
  log += "bad \x1b[31m\xff\xc3\xa9 end\r\n";
  const auto tail = log_tail(log, 3, 1000);
  EXPECT_EQ(tail, "line 98\nline 99\nbad ?[31m?\xc3\xa9 end\n");
  EXPECT_LE(log_tail(std::string(100000, 'x'), 40, 8192).size(), 8192U);
  EXPECT_EQ(log_tail("", 3), "");
  EXPECT_EQ(log_tail("one line", 3), "one line");
}

}  // namespace
}  // namespace kverdict
