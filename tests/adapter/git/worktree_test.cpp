// Our own checkout beside real clones.
#include "orchestrator/sources/worktree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "orchestrator/sources/git_source.hpp"
#include "runners/error.hpp"
#include "tests/adapter/git/sandbox.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using test::Sandbox;
using testing::HasSubstr;

// Two commits that differ in every way files can.
struct Pair : Sandbox {
  std::string one, two;
  Pair() {
    for (const auto* file : {"same.c", "changed.c", "gone/a/b.c", "becomes_dir", "dir/x", "tool.sh"})
      write(file, std::string(file) + " 1");
    fs::create_symlink("same.c", path() / "link");
    fs::create_symlink("/etc", path() / "escape");
    one = commit("one");
    test::shell(
        path(),
        "rm -r gone becomes_dir dir link escape; mkdir becomes_dir escape; echo y >becomes_dir/y; echo f "
        ">dir; "
        "chmod +x tool.sh; echo 2 >changed.c; ln -s changed.c link; echo in >escape/passwd; echo n >new");
    two = commit("two");
  }
  fs::path own() const { return outside("own"); }
};

// What git itself would have in a checkout, against what is there.
void expect_checked_out(const Sandbox& clone, const std::string& id, const fs::path& directory) {
  const auto list =
      "find . -mindepth 1 -name .git -prune -o -printf '%P %y %l ' \\( -type f -perm /100 -printf x -o -true "
      "\\) -print | sort; "
      "find . -name .git -prune -o -type f -exec sha1sum {} + | sort";
  clone.git("worktree add -q -f --detach ../expected " + id);
  const auto expected = test::shell(clone.outside("expected"), list);
  clone.git("worktree remove --force ../expected");
  EXPECT_EQ(test::shell(directory, list), expected) << id;
}

std::map<std::string, std::pair<long, long>> stamps(const fs::path& directory) {
  std::map<std::string, std::pair<long, long>> result;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    struct stat status {};
    if (entry.is_symlink() || !entry.is_regular_file() || stat(entry.path().c_str(), &status) != 0) continue;
    result[fs::relative(entry.path(), directory).string()] = {status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  return result;
}

std::string content(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

TEST(GitWorktree, HoldsWhatGitWouldCheckOut) {
  const Pair clone;
  GitWorktree worktree(clone.path(), clone.own());
  for (const auto& id : {clone.one, clone.two, clone.one, clone.one, clone.two}) {
    worktree.checkout({id});
    expect_checked_out(clone, id, worktree.directory());
    EXPECT_EQ(worktree.tree(), clone.git("rev-parse " + id + "^{tree}"));
  }
}

TEST(GitWorktree, WritesOnlyWhatDiffersAndStampsItLater) {
  const Pair clone;
  GitWorktree worktree(clone.path(), clone.own());
  worktree.checkout({clone.one});
  const auto before = stamps(worktree.directory());
  std::ofstream(clone.outside("object")) << "built";
  struct stat object {};
  ASSERT_EQ(stat(clone.outside("object").c_str(), &object), 0);
  worktree.checkout({clone.two});
  const auto after = stamps(worktree.directory());
  EXPECT_EQ(after.at("same.c"), before.at("same.c"));
  EXPECT_GT(after.at("changed.c"), std::pair(object.st_mtim.tv_sec, object.st_mtim.tv_nsec));
  EXPECT_EQ(worktree.checkout({clone.two}).written, 0U);
}

TEST(GitWorktree, NeverWritesThroughASymlink) {
  const Sandbox clone;
  const auto outside = clone.outside("victim");
  fs::create_directories(outside);
  fs::create_directory_symlink(outside, clone.path() / "way");
  const auto one = clone.commit("one");
  test::shell(clone.path(), "rm way; mkdir way; echo in >way/file");
  const auto two = clone.commit("two");
  GitWorktree worktree(clone.path(), clone.outside("own"));
  worktree.checkout({two});
  fs::remove_all(worktree.directory() / "way");
  fs::create_directory_symlink(outside, worktree.directory() / "way");
  worktree.checkout({one});
  worktree.checkout({two});
  EXPECT_EQ(content(worktree.directory() / "way/file"), "in\n");
  EXPECT_TRUE(fs::is_empty(outside));
}

TEST(GitWorktree, RemovesLeftoversAndUndoesEditsInNewProcesses) {
  const Pair clone;
  { GitWorktree(clone.path(), clone.own()).checkout({clone.one}); }
  GitWorktree worktree(clone.path(), clone.own());
  for (const auto& id : {clone.one, clone.two}) {
    test::shell(worktree.directory(),
                "echo left >left.rej; mkdir -p more/less; echo x >more/less/x; "
                "echo evil >same.new; mv same.new same.c; echo evil >>changed.c; rm tool.sh");
    worktree.checkout({id});
    expect_checked_out(clone, id, worktree.directory());
  }
}

TEST(GitWorktree, IsRightAfterBeingKilledAtAnyMoment) {
  const Sandbox clone;
  std::mt19937 random(13);
  for (int i = 0; i < 300; ++i)
    clone.write("d" + std::to_string(i % 7) + "/f" + std::to_string(i), std::string(2000, 'a'));
  const std::string sum =
      "find . -name .git -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha1sum | sha1sum";
  const auto one = clone.commit("one");
  const auto sum_of_one = test::shell(clone.path(), sum);
  for (int i = 0; i < 300; ++i)
    clone.write("d" + std::to_string(i % 7) + "/f" + std::to_string(i), std::string(2000, 'b'));
  test::shell(clone.path(), "rm -r d3; echo d >d3");
  const auto two = clone.commit("two");
  const auto sum_of_two = test::shell(clone.path(), sum);
  const auto own = clone.outside("own");
  for (int round = 0; round < 25; ++round) {
    const auto child = fork();
    if (child == 0) {
      GitWorktree worktree(clone.path(), own);
      for (;;) {
        worktree.checkout({one});
        worktree.checkout({two});
      }
    }
    usleep(2000 + random() % 40'000);  // how far it gets is what varies, not what is expected
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    GitWorktree worktree(clone.path(), own);
    worktree.checkout({round % 2 ? one : two});
    EXPECT_EQ(test::shell(worktree.directory(), sum), round % 2 ? sum_of_one : sum_of_two);
  }
}

TEST(GitWorktree, DoesNotBelieveARecordFromBeforeAPowerCut) {
  const Pair clone;
  { GitWorktree(clone.path(), clone.own()).checkout({clone.one}); }
  test::shell(clone.own(),
              "sed -i 's/^boot .*/boot another/' record; printf torn >tree/same.c; touch -d '2001-01-01' "
              "tree/same.c; "
              "sed -i 's/^settled .*/settled 99999999999 0/' record");
  GitWorktree worktree(clone.path(), clone.own());
  worktree.checkout({clone.one});
  expect_checked_out(clone, clone.one, worktree.directory());
}

TEST(GitWorktree, AppliesPatchesAndTakesThemOff) {
  const Pair clone;
  clone.write("fix.c", "fixed\n");
  clone.write("changed.c", "2\nmore\n");
  clone.commit("fix things\n\nthat were broken");
  clone.git("format-patch -q -1 --stdout >../mail.patch");
  test::shell(clone.outside(""),
              "mkdir -p p/old p/new; echo 2 >p/old/changed.c; printf '2\\nplain\\n' >p/new/changed.c; echo n "
              ">p/new/fresh.c; "
              "cd p; diff -urN old new >../plain.patch; true");
  GitWorktree worktree(clone.path(), clone.own());
  for (const auto& [patch, line] :
       {std::pair("mail.patch", "2\nmore\n"), std::pair("plain.patch", "2\nplain\n")}) {
    worktree.checkout({clone.two});
    const auto plain_tree = worktree.tree();
    const auto before = stamps(worktree.directory());
    worktree.apply_patch(clone.outside(patch));
    EXPECT_EQ(content(worktree.directory() / "changed.c"), line);
    EXPECT_NE(worktree.tree(), plain_tree);
    EXPECT_EQ(stamps(worktree.directory()).at("same.c"), before.at("same.c"));
    worktree.undo_patch();
    expect_checked_out(clone, clone.two, worktree.directory());
    worktree.apply_patch(clone.outside(patch));
    worktree.checkout({clone.one});
    expect_checked_out(clone, clone.one, worktree.directory());
    EXPECT_THAT([&] { worktree.apply_patch(clone.outside(patch)); },
                testing::ThrowsMessage<UsageError>(HasSubstr("does not apply")));
    expect_checked_out(clone, clone.one, worktree.directory());
  }
}

TEST(GitWorktree, BorrowsFromEveryKindOfClone) {
  const Pair clone;
  clone.git("clone -q --bare . ../bare.git");
  clone.git("clone -q --shared . ../shared");
  clone.git("clone -q --shared ../shared ../twice");
  clone.git("worktree add -q --detach ../linked " + clone.two);
  clone.git(
      "clone -q --no-checkout . ../partial && git -C ../partial config core.repositoryformatversion 1 && "
      "git -C ../partial config extensions.worktreeConfig true && git -C ../partial config "
      "extensions.partialClone origin");
  for (const auto* kind : {"bare.git", "shared", "twice", "linked", "partial"}) {
    GitWorktree worktree(clone.outside(kind), clone.outside(std::string("own-") + kind));
    worktree.checkout({clone.two});
    expect_checked_out(clone, clone.two, worktree.directory());
    EXPECT_EQ(GitSource::open(clone.outside(kind)).commit_of(clone.one).value, clone.one);
  }
}

TEST(GitWorktree, NeverWritesIntoTheClone) {
  const Pair clone;
  clone.write("changed.c", "2\nmore\n");
  const auto three = clone.commit("three");
  clone.git("format-patch -q -1 --stdout >../three.patch");
  const std::string snapshot =
      "find . -printf '%p %y %m %s %T@ %C@\\n' | sort; find .git -type f -exec sha1sum {} + | sort";
  for (const auto* form : {"loose", "packed"}) {
    if (form == std::string("packed")) clone.git("gc -q");
    const auto before = test::shell(clone.path(), snapshot);
    GitWorktree worktree(clone.path(), clone.outside(form));
    worktree.checkout({clone.one});
    worktree.checkout({clone.two});
    worktree.apply_patch(clone.outside("three.patch"));  // makes objects that the clone has already
    EXPECT_EQ(worktree.tree(), GitSource::open(clone.path()).tree_of({three}));
    EXPECT_EQ(test::shell(clone.path(), snapshot), before);
  }
}

TEST(GitWorktree, RunsNoFilterAndMakesSubmodulesEmptyDirectories) {
  const Sandbox clone;
  clone.write(".gitattributes", "* text eol=crlf filter=evil\n");
  clone.write("a.c", "line\n");
  clone.write("Makefile", "x\n");
  clone.write("makefile", "y\n");
  test::shell(clone.path(), "git config filter.evil.smudge 'touch " + clone.outside("ran").string() +
                                "; cat' && git config filter.evil.clean cat");
  test::shell(
      clone.path(),
      "git add -A && git update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,sub");
  const auto id = test::trimmed(test::shell(clone.path(), "git commit -q -m filters && git rev-parse HEAD"));
  GitWorktree worktree(clone.path(), clone.outside("own"));
  worktree.checkout({id});
  EXPECT_EQ(content(worktree.directory() / "a.c"), "line\n");
  EXPECT_EQ(content(worktree.directory() / "makefile"), "y\n");
  EXPECT_TRUE(fs::is_empty(worktree.directory() / "sub"));
  EXPECT_FALSE(fs::exists(clone.outside("ran")));
}

TEST(GitWorktree, RefusesTreesThatReachOut) {
  const Sandbox clone;
  const auto blob = test::trimmed(test::shell(clone.path(), "git hash-object -w --stdin", "evil"));
  const std::string raw = "$(printf '\\\\x%s' $(echo " + blob + " | sed 's/../& /g'))";
  for (const std::string name : {"..", ".git", ".GIT", ".", "a/b"}) {
    const auto tree =
        test::trimmed(test::shell(clone.path(), "printf '100644 " + name + "\\0'\"" + raw +
                                                    "\" | git hash-object -w --literally -t tree --stdin"));
    const auto inner =
        test::trimmed(test::shell(clone.path(), "git mktree --missing", "040000 tree " + tree + "\tsub\n"));
    const auto id = test::trimmed(test::shell(clone.path(), "git commit-tree -m evil " + inner));
    GitWorktree worktree(clone.path(), clone.outside("own"));
    EXPECT_THAT([&] { worktree.checkout({id}); },
                testing::ThrowsMessage<UsageError>(HasSubstr("forbidden name")))
        << name;
  }
  EXPECT_FALSE(fs::exists(clone.outside("own") / "tree" / ".git"));
}

}  // namespace
}  // namespace kverdict
