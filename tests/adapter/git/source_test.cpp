// What a clone is asked beside ranges, and what is said of bad input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "orchestrator/sources/git_source.hpp"
#include "runners/error.hpp"
#include "tests/adapter/git/sandbox.hpp"

namespace kverdict {
namespace {

using test::Sandbox;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// base - one - two - tip (main), and base - side (side); "alien" shares nothing.
struct Forked : Sandbox {
  std::string base, one, two, tip, side;
  Forked() {
    write("a.c", "1");
    base = commit("base");
    git("branch side");
    write("a.c", "2");
    one = commit("one");
    write("lib/b.c", "1");
    two = commit("two");
    write("a.c", "3");
    tip = commit("tip");
    git("checkout -q side");
    write("c.c", "1");
    side = commit("side");
    git("checkout -q main");
  }
  GitSource source() const { return GitSource::open(path()); }
  std::string refusal(const RangeSpec& spec) const {
    try {
      auto opened = source();
      opened.resolve(spec);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  }
};

TEST(GitSource, TakesEveryKindOfRevision) {
  const Forked clone;
  clone.git("tag -a -m 'a tag' v1 " + clone.one);
  clone.git("tag light " + clone.two);
  auto source = clone.source();
  for (const std::string revision :
       {"v1", "v1^{commit}", "main~2", "HEAD~2", "light^", "refs/tags/v1", ":/one", "main^^"})
    EXPECT_EQ(source.commit_of(revision).value, clone.one) << revision;
  EXPECT_EQ(source.commit_of(clone.one.substr(0, 9)).value, clone.one);
  EXPECT_EQ(source.commit_of("v1-3-g" + clone.one.substr(0, 9)).value, clone.one);
}

TEST(GitSource, ListsTheCandidatesBetweenTheEnds) {
  const Forked clone;
  const auto range = clone.source().resolve({"main", {"main~3"}});
  EXPECT_EQ(range.bad.value, clone.tip);
  EXPECT_THAT(range.goods, ElementsAre(CandidateId{clone.base}));
  EXPECT_THAT(range.merge_bases, ElementsAre());
  ASSERT_EQ(range.history.size(), 3U);
  EXPECT_EQ(range.history.id(position_at(2)).value, clone.one);
}

TEST(GitSource, WantsTheMergeBaseTestedWhenGoodIsNoAncestor) {
  const Forked clone;
  const auto range = clone.source().resolve({"main", {"side"}});
  EXPECT_THAT(range.merge_bases, ElementsAre(CandidateId{clone.base}));
  EXPECT_EQ(range.history.size(), 3U);
  const auto tested = clone.source().resolve({"main", {"side", clone.base}});
  EXPECT_THAT(tested.merge_bases, ElementsAre());
}

TEST(GitSource, FindsTheMergeBasesOfGit) {
  std::mt19937 random(11);
  for (int round = 0; round < 25; ++round) {
    const Sandbox sandbox;
    const test::DagShape shape{30, 5, 40, 10, 40};
    sandbox.import(test::random_dag(random, shape));
    auto source = GitSource::open(sandbox.path());
    for (int i = 0; i < 3; ++i) {
      const auto bad = "c" + std::to_string(15 + random() % 16);
      const auto good = "c" + std::to_string(1 + random() % 30);
      const auto other = "c" + std::to_string(1 + random() % 30);
      Range range;
      try {
        range = source.resolve({bad, {good, other}});
      } catch (const UsageError&) {
        continue;
      }
      std::vector<std::string> ours;
      for (const auto& base : range.merge_bases) ours.push_back(base.value);
      auto theirs = sandbox.git_lines("merge-base --all " + bad + " " + good + " " + other);
      std::erase_if(theirs, [&](const std::string& id) {
        return id == range.goods[0].value || id == range.goods[1].value;
      });
      EXPECT_THAT(ours, testing::UnorderedElementsAreArray(theirs)) << bad << " " << good << " " << other;
    }
  }
}

TEST(GitSource, NamesTheNearestRefOfAnUnknownRevision) {
  const Forked clone;
  clone.git("tag v6.1");
  EXPECT_THAT(clone.refusal({"v6.l", {"side"}}),
              AllOf(HasSubstr("bad revision 'v6.l'"), HasSubstr("did you mean 'v6.1'?")));
  EXPECT_THAT(clone.refusal({"main", {"nothing-like-it"}}),
              AllOf(HasSubstr("good revision 'nothing-like-it'"), HasSubstr("fetch it")));
  EXPECT_THAT(clone.refusal({"main..side", {"main"}}), HasSubstr("is a range"));
  EXPECT_THAT(clone.refusal({"main:a.c", {"main~1"}}), HasSubstr("is a blob, not a commit"));
  EXPECT_THAT(clone.refusal({"main", {}}), HasSubstr("no good revision"));
}

TEST(GitSource, SaysWhenTheEndsAreExchangedOrTheSame) {
  const Forked clone;
  EXPECT_THAT(clone.refusal({"main~2", {"main"}}),
              AllOf(HasSubstr("is a descendant of bad"), HasSubstr("exchange")));
  EXPECT_THAT(clone.refusal({"main", {"HEAD"}}), HasSubstr("are the same commit"));
}

TEST(GitSource, SaysWhenTheEndsShareNoHistory) {
  const Forked clone;
  clone.git("checkout -q --orphan alien");
  clone.commit("alien");
  EXPECT_THAT(clone.refusal({"main", {"alien"}}), HasSubstr("share no history"));
}

TEST(GitSource, SaysWhenNoCommitChangesThePaths) {
  const Forked clone;
  EXPECT_THAT(clone.refusal({"main", {"main~3"}, Ancestry::all, {"nowhere"}}),
              AllOf(HasSubstr("changes nowhere"), HasSubstr("check the paths")));
  EXPECT_THAT(clone.refusal({"main", {"main~3"}, Ancestry::all, {"../x"}}), HasSubstr("leaves the tree"));
  EXPECT_THAT(clone.refusal({"main", {"main~3"}, Ancestry::all, {":(attr:x)a"}}),
              HasSubstr("magic word 'attr:x'"));
}

TEST(GitSource, TakesTheNewestChangeOfThePathsAsTheBadEnd) {
  const Forked clone;
  const auto range = clone.source().resolve({"main", {"main~3"}, Ancestry::all, {"lib"}});
  EXPECT_EQ(range.bad.value, clone.two);
  EXPECT_EQ(range.history.size(), 1U);
}

TEST(GitSource, RefusesAShallowCloneThatCutsTheRange) {
  const Forked clone;
  clone.git("clone -q --depth 2 'file://" + clone.path().string() + "' ../shallow");
  auto source = GitSource::open(clone.outside("shallow"));
  EXPECT_THAT(
      [&] {
        source.resolve({"main", {clone.base}});
      },
      testing::ThrowsMessage<UsageError>(AllOf(HasSubstr("shallow"), HasSubstr("git fetch --unshallow"))));
  EXPECT_EQ(source.resolve({"main", {"main~1"}}).history.size(), 1U);
}

TEST(GitSource, RefusesADirectoryThatIsNoRepository) {
  const TemporaryDirectory empty;
  EXPECT_THAT([&] { GitSource::open(empty.path()); },
              testing::ThrowsMessage<UsageError>(HasSubstr("is not a git repository")));
  EXPECT_THAT([&] { GitSource::open(empty.path() / "none"); },
              testing::ThrowsMessage<UsageError>(HasSubstr("is not a git repository")));
}

TEST(GitSource, SaysWhichObjectOfACorruptRepositoryCannotBeRead) {
  const Forked clone;
  const auto object = clone.path() / ".git" / "objects" / clone.one.substr(0, 2) / clone.one.substr(2);
  std::filesystem::remove(object);
  EXPECT_THAT(clone.refusal({"main", {"side"}}), AllOf(HasSubstr(clone.one), HasSubstr("git fsck")));
  std::ofstream(object) << "garbage";
  EXPECT_THAT(clone.refusal({"main", {"side"}}), AllOf(HasSubstr(clone.one), HasSubstr("git fsck")));
}

TEST(GitSource, DescribesACandidate) {
  const Sandbox sandbox;
  sandbox.write("a", "1");
  test::shell(sandbox.path(),
              "git add a && GIT_AUTHOR_DATE='2024-02-29T23:30:00 +0530' git commit -q --author 'Jane Doe "
              "<j@x.org>' -F -",
              "net: fix\n\nA body with \x1b[31mcolour.\n");
  auto source = GitSource::open(sandbox.path());
  const auto info = source.describe(source.commit_of("HEAD"));
  EXPECT_EQ(info.subject, "net: fix");
  EXPECT_EQ(info.author, "Jane Doe <j@x.org>");
  EXPECT_EQ(info.date, "2024-02-29T23:30:00+05:30");
  EXPECT_EQ(info.message, "net: fix\n\nA body with ?[31mcolour.\n");
  EXPECT_TRUE(info.parents.empty());
  EXPECT_EQ(source.tree_of(info.id), sandbox.git("rev-parse HEAD^{tree}"));
}

TEST(GitSource, ListsChangedPathsAsGitDoes) {
  const Sandbox sandbox;
  for (const auto* file : {"a", "d/x", "d/y", "d.c", "gone/deep/z", "kind"}) sandbox.write(file, "1");
  sandbox.commit("one");
  test::shell(sandbox.path(),
              "rm -r gone kind; mkdir kind; echo 1 >kind/inner; echo 2 >d/x; chmod +x a; rm d.c; mkdir d.c; "
              "echo 1 >d.c/e");
  sandbox.commit("two");
  auto source = GitSource::open(sandbox.path());
  auto expected = sandbox.git_lines("diff --name-only --no-renames HEAD~1 HEAD");
  EXPECT_THAT(source.changed_paths(source.commit_of("HEAD~1"), source.commit_of("HEAD")),
              testing::UnorderedElementsAreArray(expected));
}

TEST(GitSource, NamesCandidatesAsGitDescribeDoes) {
  std::mt19937 random(12);
  for (int round = 0; round < 10; ++round) {
    const Sandbox sandbox;
    const test::DagShape shape{40, 4, 30, 5, 20};
    sandbox.import(test::random_dag(random, shape));
    for (const auto* tag : {"v1", "v2", "v3"})
      sandbox.git(std::string("tag -a -m t ") + tag + " c" + std::to_string(1 + random() % 40));
    auto source = GitSource::open(sandbox.path());
    for (const std::string revision : {"main", "c40", "c30", "c20", "c10"})
      EXPECT_EQ(source.name(source.commit_of(revision)), sandbox.git("describe --always " + revision))
          << revision;
  }
}

TEST(GitSource, NeverWritesIntoTheClone) {
  const Forked clone;
  clone.git("gc -q");
  const std::string snapshot =
      "find . -printf '%p %y %m %s %T@ %C@\\n' | sort; find .git -type f -exec sha1sum {} + | sort";
  const auto before = test::shell(clone.path(), snapshot);
  auto source = clone.source();
  const auto range = source.resolve({"main", {"side"}});
  for (const auto& id : {range.bad, range.goods[0]}) {
    source.describe(id);
    source.name(id);
    source.changed_paths(range.bad, id);
  }
  EXPECT_EQ(test::shell(clone.path(), snapshot), before);
}

}  // namespace
}  // namespace kverdict
