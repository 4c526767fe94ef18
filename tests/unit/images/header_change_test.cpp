#include "orchestrator/images/header_change.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kverdict {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr const char* k_header = R"(/* A header. */
#ifndef H
#define H
#include <linux/types.h>
struct route {
	int ref;
#ifdef CONFIG_X
	u32 mark;
#endif
};
extern int route_lookup(struct route *r);
static inline int route_ref(const struct route *r)
{
	return r->ref;
}
static inline void route_check(struct route *r)
{
	WARN_ON(r->ref < 0);
}
#endif
)";

std::string with(std::string text, const std::string& old, const std::string& now) {
  const auto at = text.find(old);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, old.size(), now);
}

std::string at_end(const std::string& more) {
  return with(k_header, "}\n#endif\n", "}\n" + more + "#endif\n");
}

TEST(HeaderChange, NothingIsNoticedOfCommentsAndBlanks) {
  EXPECT_THAT(names_of_header_change(k_header, with(k_header, "A header", "The header")),
              Optional(IsEmpty()));
  EXPECT_THAT(names_of_header_change(k_header, with(k_header, "int ref;", "int  ref; // count")),
              Optional(IsEmpty()));
}

TEST(HeaderChange, WhatComesOrGoesUnusedIsNoticedByItsName) {
  for (const char* more :
       {"static inline int route_half(struct route *r)\n{\n\treturn MAX(r->ref, 2) / 2;\n}\n",
        "static __always_inline int route_half(struct route *r) { return 1; }\n", "int route_half(void);\n",
        "extern struct route *route_half(int (*f)(void)) __must_check;\n",
        "#define route_half(r) \\\n\t((r)->ref)\n"}) {
    EXPECT_THAT(names_of_header_change(k_header, at_end(more)), Optional(ElementsAre("route_half"))) << more;
    EXPECT_THAT(names_of_header_change(at_end(more), k_header), Optional(ElementsAre("route_half"))) << more;
  }
}

TEST(HeaderChange, AFunctionThatMovedIsNoticedWhenItMayHoldItsLine) {
  const auto moved = with(k_header, "extern int", "int route_new(void);\nextern int");
  EXPECT_THAT(names_of_header_change(k_header, moved), Optional(ElementsAre("route_check", "route_new")));
  const auto in_place = with(k_header, "extern int", "int route_new(void); extern int");
  EXPECT_THAT(names_of_header_change(k_header, in_place), Optional(ElementsAre("route_new")));
}

TEST(HeaderChange, EverythingElseReachesEveryFile) {
  for (const auto& after : {with(k_header, "int ref;", "long ref;"),
                            with(k_header, "return r->ref;", "return r->ref + 1;"),
                            with(k_header, "types.h", "list.h"),
                            with(k_header, "CONFIG_X", "CONFIG_Y"),
                            with(k_header, "struct route *r);", "struct route *r, int n);"),
                            with(k_header, "WARN_ON", "BUG_ON"),
                            at_end("#undef X\n"),
                            at_end("#ifdef X\n#endif\n"),
                            at_end("struct more { int x; };\n"),
                            at_end("typedef int more_t;\n"),
                            at_end("extern int more;\n"),
                            at_end("static int more(void) { return 1; }\n"),
                            at_end("static inline int more __used (void) {}\n"),
                            at_end("DEFINE_MORE(x);\n"),
                            at_end("static inline DEFINE_MORE(x) {}\n"),
                            at_end("asm(\"nop\");\n"),
                            at_end("int more = f(1);\n"),
                            at_end("extern int (*more)(void);\n"),
                            at_end("static inline int more(void) {\n#define LEAKS 1\n}\n"),
                            at_end("#define r x\n"),
                            at_end("#define WARN_ON(x)\n"),
                            at_end("/* no end"),
                            at_end("int more(void;\n"),
                            at_end("static inline int route_lookup(int x) { return x; }\n")})
    EXPECT_EQ(names_of_header_change(k_header, after), std::nullopt) << after;
}

TEST(HeaderChange, AnAlteredDeclarationIsNeverJustItsName) {
  const auto one = at_end("static inline int more(void) { return 1; }\n");
  const auto two = at_end("static inline int more(void) { return 2; }\n");
  EXPECT_EQ(names_of_header_change(one, two), std::nullopt);
}

TEST(HeaderChange, WhatMovesWithItsLineInAMacroReachesEveryFile) {
  const auto before = at_end("DEFINE_THING(x);\n");
  EXPECT_EQ(names_of_header_change(before, with(before, "extern int", "int route_new(void);\nextern int")),
            std::nullopt);
}

TEST(HeaderChange, MentionsAreWholeIdentifiers) {
  const std::set<std::string, std::less<>> names = {"route_half", "twice"};
  EXPECT_TRUE(mentions_any("x=twice(2)", names));
  EXPECT_TRUE(mentions_any("/* route_half */", names));
  EXPECT_FALSE(mentions_any("route_half_x twice2 _twice", names));
  EXPECT_FALSE(mentions_any("", names));
}

}  // namespace
}  // namespace kverdict
