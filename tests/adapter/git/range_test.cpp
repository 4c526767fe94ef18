// Ranges, order and choices against the git command, on random histories.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "orchestrator/core/search/classic.hpp"
#include "orchestrator/core/search/weights.hpp"
#include "orchestrator/sources/git_source.hpp"
#include "runners/error.hpp"
#include "tests/adapter/git/sandbox.hpp"

namespace kverdict {
namespace {

using test::DagShape;
using test::Sandbox;

std::vector<std::string> ids_of(const History& history) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < history.size(); ++i) ids.push_back(history.id(position_at(i)).value);
  return ids;
}

std::string revision(unsigned commit) {
  return "c" + std::to_string(commit);
}

// What `git rev-list --bisect-all` calls dist.
std::map<std::string, unsigned> git_distances(const Sandbox& sandbox, const std::string& range) {
  std::map<std::string, unsigned> result;
  for (const auto& line : sandbox.git_lines("rev-list --bisect-all " + range))
    result[line.substr(0, 40)] = static_cast<unsigned>(std::stoul(line.substr(line.find("dist=") + 5)));
  return result;
}

std::map<std::string, unsigned> our_distances(const History& history) {
  const auto weights = ancestor_counts(history, std::vector<bool>(history.size(), true));
  std::map<std::string, unsigned> result;
  for (std::size_t i = 0; i < history.size(); ++i)
    result[history.id(position_at(i)).value] =
        std::min<unsigned>(weights[i], static_cast<unsigned>(history.size()) - weights[i]);
  return result;
}

struct Case {
  RangeSpec spec;
  std::string git;  // the same as arguments of rev-list
};

Case random_case(std::mt19937& random, const DagShape& shape) {
  Case result;
  const unsigned bad = shape.commits / 2 + random() % (shape.commits / 2);
  result.spec.bad = random() % 2 ? "main" : revision(bad);
  result.git = result.spec.bad;
  for (unsigned i = 0, count = 1 + random() % 3; i < count; ++i) {
    result.spec.goods.push_back(revision(1 + random() % (shape.commits / 2)));
    result.git += " ^" + result.spec.goods.back();
  }
  return result;
}

// Random cases may be refused for good reasons; those have tests of their own.
std::optional<Range> resolve(GitSource& source, const RangeSpec& spec) {
  try {
    return source.resolve(spec);
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

void expect_same_as_git(const Sandbox& sandbox, const Case& chosen, const std::string& options,
                        const std::string& paths) {
  auto source = GitSource::open(sandbox.path());
  const auto range = resolve(source, chosen.spec);
  if (!range) return;
  const auto arguments = options + chosen.git + paths;
  EXPECT_EQ(ids_of(range->history), sandbox.git_lines("rev-list " + arguments)) << arguments;
  EXPECT_EQ(our_distances(range->history), git_distances(sandbox, arguments)) << arguments;
}

TEST(RandomHistories, HaveGitsOrderAndGitsWeights) {
  std::mt19937 random(1);
  for (int round = 0; round < 25; ++round) {
    const Sandbox sandbox;
    DagShape shape{10 + static_cast<unsigned>(random() % 60), 1 + static_cast<unsigned>(random() % 6)};
    sandbox.import(test::random_dag(random, shape));
    for (int i = 0; i < 3; ++i) expect_same_as_git(sandbox, random_case(random, shape), "", "");
    auto line = random_case(random, shape);
    line.spec.ancestry = Ancestry::first_parent;
    expect_same_as_git(sandbox, line, "--first-parent ", "");
  }
}

TEST(RandomHistories, WithDatesThatGoBackwardsHaveGitsOrder) {
  std::mt19937 random(2);
  for (int round = 0; round < 15; ++round) {
    const Sandbox sandbox;
    DagShape shape{40, 4};
    shape.backward_date_percent = 20;
    sandbox.import(test::random_dag(random, shape));
    for (int i = 0; i < 3; ++i) {
      auto source = GitSource::open(sandbox.path());
      const auto chosen = random_case(random, shape);
      const auto range = resolve(source, chosen.spec);
      if (!range) continue;
      EXPECT_EQ(ids_of(range->history), sandbox.git_lines("rev-list " + chosen.git)) << chosen.git;
    }
  }
}

TEST(RandomHistories, LimitedToPathsAreGits) {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    const Sandbox sandbox;
    DagShape shape{10 + static_cast<unsigned>(random() % 40), 4};
    shape.files = 5;
    sandbox.import(test::random_dag(random, shape));
    for (const std::string path : {"dir0", "dir1/file3.c", "*file2.c", ":!dir0"}) {
      auto chosen = random_case(random, shape);
      chosen.spec.paths = {path};
      auto source = GitSource::open(sandbox.path());
      const auto range = resolve(source, chosen.spec);
      if (!range) continue;
      auto expected = sandbox.git_lines("rev-list " + chosen.git + " -- '" + path + "'");
      if (range->bad.value != expected.front()) expected.insert(expected.begin(), range->bad.value);
      EXPECT_EQ(ids_of(range->history), expected) << chosen.git << " -- " << path;
      if (range->bad.value != sandbox.git("rev-list -1 " + chosen.git + " -- '" + path + "'")) continue;
      EXPECT_EQ(our_distances(range->history), git_distances(sandbox, chosen.git + " -- '" + path + "'"));
    }
  }
}

// Every way the answers may come out, each choice compared with git's.
class EverySequence {
 public:
  EverySequence(const Sandbox& sandbox, const Range& range, const std::string& options)
      : sandbox_(sandbox), range_(range), options_(options) {}

  void follow(const std::string& bad, const std::string& goods, std::vector<Asked> asked) {
    const auto choice = choose_classic(range_.history, asked);
    const auto arguments = options_ + bad + goods;
    const auto expected = sandbox_.git("rev-list --bisect " + arguments);
    ASSERT_NE(choice.kind, Choice::Kind::only_skips_left);
    const auto candidate = range_.history.id(choice.candidate).value;
    ASSERT_EQ(candidate, expected) << arguments;
    if (choice.kind == Choice::Kind::found) {
      EXPECT_EQ(candidate, bad);
      return;
    }
    ++choices_;
    asked.push_back({choice.candidate, Verdict::bad});
    follow(candidate, goods, asked);
    asked.back().verdict = Verdict::good;
    follow(bad, goods + " ^" + candidate, asked);
  }
  int choices() const { return choices_; }

 private:
  const Sandbox& sandbox_;
  const Range& range_;
  std::string options_;
  int choices_ = 0;
};

TEST(Classic, ChoosesAsGitForEverySequenceOfAnswers) {
  std::mt19937 random(4);
  int choices = 0;
  for (int round = 0; round < 40; ++round) {
    const Sandbox sandbox;
    const DagShape shape{6 + static_cast<unsigned>(random() % 20), 1 + static_cast<unsigned>(random() % 5),
                         35, 10, 50};
    sandbox.import(test::random_dag(random, shape));
    auto chosen = random_case(random, shape);
    if (round % 5 == 0) chosen.spec.ancestry = Ancestry::first_parent;
    auto source = GitSource::open(sandbox.path());
    const auto range = resolve(source, chosen.spec);
    if (!range) continue;
    std::string goods;
    for (const auto& good : range->goods) goods += " ^" + good.value;
    EverySequence sequences(sandbox, *range, round % 5 == 0 ? "--first-parent " : "");
    sequences.follow(range->bad.value, goods, {{*range->history.find(range->bad), Verdict::bad}});
    choices += sequences.choices();
  }
  EXPECT_GT(choices, 200);
}

TEST(Classic, MakesTheFirstChoiceOfGitOnLargerHistories) {
  std::mt19937 random(5);
  for (int round = 0; round < 4; ++round) {
    const Sandbox sandbox;
    const DagShape shape{1200 + static_cast<unsigned>(random() % 1500), 12, 10, 2, 40};
    sandbox.import(test::random_dag(random, shape));
    auto source = GitSource::open(sandbox.path());
    const auto range = source.resolve({"main", {"c3"}});
    std::vector<Asked> asked{{*range.history.find(range.bad), Verdict::bad}};
    std::string bad = range.bad.value, goods = " ^c3";
    for (int step = 0; step < 6; ++step) {
      const auto choice = choose_classic(range.history, asked);
      const auto vars = sandbox.git_lines("rev-list --bisect-vars " + bad + goods);
      EXPECT_THAT(vars, testing::Contains("bisect_all=" + std::to_string(choice.left)));
      EXPECT_THAT(vars, testing::Contains("bisect_steps=" + std::to_string(static_cast<int>(choice.steps))));
      const auto candidate = range.history.id(choice.candidate).value;
      ASSERT_EQ(vars.front(), "bisect_rev='" + candidate + "'");
      const bool is_bad = random() % 2;
      asked.push_back({choice.candidate, is_bad ? Verdict::bad : Verdict::good});
      if (is_bad)
        bad = candidate;
      else
        goods += " ^" + candidate;
    }
  }
}

TEST(Classic, TakesTheStepsOfGitBisectRun) {
  std::mt19937 random(6);
  for (int round = 0; round < 4; ++round) {
    const Sandbox sandbox;
    const DagShape shape{40, 4, 30, 5, 40};
    sandbox.import(test::random_dag(random, shape));
    auto source = GitSource::open(sandbox.path());
    const auto range = source.resolve({"main", {"c2"}});
    const auto culprit =
        *range.history.find({range.history.id(position_at(random() % range.history.size()))});
    const auto log = sandbox.outside("asked");
    sandbox.git(
        "bisect start --no-checkout main c2 && git bisect run sh -c 'h=$(git rev-parse BISECT_HEAD); echo $h "
        ">>" +
        log.string() + "; ! git merge-base --is-ancestor " + range.history.id(culprit).value + " $h'");
    const auto expected = test::lines_of(test::shell(sandbox.path(), "cat " + log.string()));

    std::vector<std::string> taken;
    std::vector<Asked> asked{{*range.history.find(range.bad), Verdict::bad}};
    auto choice = choose_classic(range.history, asked);
    for (; choice.kind == Choice::Kind::ask; choice = choose_classic(range.history, asked)) {
      taken.push_back(range.history.id(choice.candidate).value);
      const bool is_bad = range.history.is_ancestor(culprit, choice.candidate);
      asked.push_back({choice.candidate, is_bad ? Verdict::bad : Verdict::good});
    }
    EXPECT_EQ(taken, expected);
    EXPECT_EQ(choice.kind, Choice::Kind::found);
    EXPECT_EQ(choice.candidate, culprit);
  }
}

}  // namespace
}  // namespace kverdict
