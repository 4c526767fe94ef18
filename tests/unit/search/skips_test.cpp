// With skips in clusters, classic needs no more answers than git, on average.
//
// git's side is a model of `git bisect`: candidates sorted by distance, equal ones by id, and where the best
// was skipped, the one that git's generator draws (skip_away() and get_prn() in bisect.c).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "orchestrator/core/search/classic.hpp"
#include "orchestrator/core/search/weights.hpp"
#include "tests/unit/search/histories.hpp"

namespace kverdict {
namespace {

constexpr unsigned k_modulus = 32768;

unsigned gits_draw(unsigned count) {
  return (count * 1103515245U + 12345U) / 65536U % k_modulus;
}

std::size_t gits_index(unsigned count) {
  const unsigned draw = gits_draw(count);
  const auto root = [](unsigned value) {
    return static_cast<unsigned>(std::sqrt(static_cast<double>(value)));
  };
  return count * draw / k_modulus * root(draw) / root(k_modulus);
}

struct Question {
  const History& history;
  std::vector<bool> broken;
  Position culprit;
  Position tip{0};
  Verdict answer(Position p) const {
    if (broken[index_of(p)]) return Verdict::skip;
    return history.is_ancestor(culprit, p) ? Verdict::bad : Verdict::good;
  }
};

std::optional<Position> gits_choice(const History& history, const std::vector<Asked>& asked) {
  const auto suspects = suspects_after(history, asked);
  const auto weights = ancestor_counts(history, suspects.member);
  auto list = suspects.walk;
  const auto distance = [&](Position p) {
    return std::min<std::size_t>(weights[index_of(p)], list.size() - weights[index_of(p)]);
  };
  std::ranges::sort(list, [&](Position a, Position b) {
    return distance(a) != distance(b) ? distance(a) > distance(b) : history.id(a) < history.id(b);
  });
  const bool favourite_skipped = suspects.skipped[index_of(list.front())];
  std::erase_if(list, [&](Position p) { return suspects.skipped[index_of(p)]; });
  auto at = favourite_skipped ? gits_index(static_cast<unsigned>(list.size())) : 0;
  if (suspects.known_bad[index_of(list[at])] && at > 0) --at;
  if (suspects.known_bad[index_of(list[at])]) return std::nullopt;
  return list[at];
}

std::optional<Position> our_choice(const History& history, const std::vector<Asked>& asked) {
  const auto choice = choose_classic(history, asked);
  return choice.kind == Choice::Kind::ask ? std::optional(choice.candidate) : std::nullopt;
}

template <class Chooser>
unsigned answers_needed(const Question& question, Chooser choose) {
  std::vector<Asked> asked{{question.tip, Verdict::bad}};
  while (const auto next = choose(question.history, asked)) asked.push_back({*next, question.answer(*next)});
  return static_cast<unsigned>(asked.size() - 1);
}

// Stretches of broken candidates, somewhere; never the ends.
std::vector<bool> stretches(std::mt19937& random, std::size_t size, unsigned percent, unsigned length) {
  std::vector<bool> broken(size);
  for (auto left = static_cast<long>(size * percent / 100); left > 0;) {
    const auto start = random() % size, end = start + 1 + random() % (2 * length);
    for (auto i = start; i < std::min<std::size_t>(end, size); ++i, --left) broken[i] = true;
  }
  broken[0] = broken[size - 1] = false;
  return broken;
}

struct Mean {
  double ours = 0, gits = 0;
};

Mean simulate(const History& history, unsigned rounds, unsigned percent, unsigned length,
              std::mt19937& random) {
  Mean mean;
  for (unsigned i = 0; i < rounds; ++i) {
    const Question question{history, stretches(random, history.size(), percent, length),
                            position_at(random() % history.size())};
    mean.ours += answers_needed(question, our_choice) / static_cast<double>(rounds);
    mean.gits += answers_needed(question, gits_choice) / static_cast<double>(rounds);
  }
  return mean;
}

TEST(Skips, InAChainCostNoMoreAnswersThanGit) {
  std::mt19937 random(1);
  const auto history = test::history_of(test::chain(300));
  for (const auto& [percent, length] : {std::pair(5U, 10U), std::pair(10U, 30U), std::pair(30U, 60U)}) {
    const auto mean = simulate(history, 150, percent, length, random);
    EXPECT_LE(mean.ours, mean.gits) << percent << " % broken, stretches of " << length;
  }
}

TEST(Skips, AmongMergesCostNoMoreAnswersThanGit) {
  std::mt19937 random(2);
  for (const auto& [percent, length] : {std::pair(10U, 15U), std::pair(30U, 40U)}) {
    const auto history = test::history_of(test::random_dag(random, 300, 5, 15));
    const auto mean = simulate(history, 150, percent, length, random);
    EXPECT_LE(mean.ours, mean.gits) << percent << " % broken, stretches of " << length;
  }
}

}  // namespace
}  // namespace kverdict
