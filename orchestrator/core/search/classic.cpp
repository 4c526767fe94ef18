#include "orchestrator/core/search/classic.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <queue>

#include "orchestrator/core/search/skip_odds.hpp"
#include "orchestrator/core/search/weights.hpp"

namespace kverdict {
namespace {

using Weights = std::vector<std::uint32_t>;

std::size_t member_parents(const History& history, const Suspects& suspects, Position p) {
  return static_cast<std::size_t>(
      std::ranges::count_if(history.parents(p), [&](Position parent) { return suspects.has(parent); }));
}

// How many suspects the less favourable answer leaves out.
std::uint32_t distance(std::uint32_t weight, std::size_t all) {
  return std::min(weight, static_cast<std::uint32_t>(all) - weight);
}

// git's approx_halfway(): exact for few commits, within 0.1 % for many.
bool halves(std::uint32_t weight, std::size_t all) {
  const auto difference = std::abs(2 * static_cast<std::int64_t>(weight) - static_cast<std::int64_t>(all));
  return difference <= 1 || difference < static_cast<std::int64_t>(all) / 1024;
}

// git's do_find_bisection(), which looks from the oldest to the newest: it weighs the merges first, then the
// rest in passes as their parents' weights become known, and takes the first that halves.
class GitsOrder {
 public:
  GitsOrder(const History& history, const Suspects& suspects, const Weights& weights)
      : history_(history), suspects_(suspects), weights_(weights), known_(history.size()) {}

  Position choose() {
    if (const auto merge = first_halving_merge()) return *merge;
    if (const auto other = first_halving_other()) return *other;
    return farthest();
  }

 private:
  bool halves(Position p) const { return kverdict::halves(weights_[index_of(p)], suspects_.size()); }

  std::optional<Position> first_halving_merge() {
    for (auto p = suspects_.walk.rbegin(); p != suspects_.walk.rend(); ++p) {
      const auto parents = member_parents(history_, suspects_, *p);
      if (parents == 1) continue;
      known_[index_of(*p)] = true;
      ++counted_;
      if (parents > 1 && halves(*p)) return *p;
    }
    return std::nullopt;
  }

  std::optional<Position> first_halving_other() {
    while (counted_ < suspects_.size()) {
      for (auto p = suspects_.walk.rbegin(); p != suspects_.walk.rend(); ++p) {
        if (known_[index_of(*p)] || !follows_known(*p)) continue;
        known_[index_of(*p)] = true;
        ++counted_;
        if (halves(*p)) return *p;
      }
    }
    return std::nullopt;
  }

  bool follows_known(Position p) const {
    return std::ranges::any_of(history_.parents(p), [&](Position parent) {
      return suspects_.has(parent) && known_[index_of(parent)];
    });
  }

  Position farthest() const {
    const auto& walk = suspects_.walk;
    return *std::max_element(walk.rbegin(), walk.rend(), [&](Position a, Position b) {
      return distance(weights_[index_of(a)], walk.size()) < distance(weights_[index_of(b)], walk.size());
    });
  }

  const History& history_;
  const Suspects& suspects_;
  const Weights& weights_;
  std::vector<bool> known_;
  std::size_t counted_ = 0;
};

// What git does once anything was skipped, as long as its favourite is none of the skipped: equal
// distances by id.
Position farthest_by_id(const History& history, const Suspects& suspects, const Weights& weights) {
  return *std::ranges::min_element(suspects.walk, [&](Position a, Position b) {
    const auto da = distance(weights[index_of(a)], suspects.size());
    const auto db = distance(weights[index_of(b)], suspects.size());
    return da != db ? da > db : history.id(a) < history.id(b);
  });
}

double entropy(double p) {
  if (p <= 0 || p >= 1) return 0;
  return -p * std::log2(p) - (1 - p) * std::log2(1 - p);
}

// The most information, counting a skip as none. None when nothing can be asked that would tell anything.
std::optional<Position> most_telling(const Suspects& suspects, const Weights& weights,
                                     const std::vector<double>& skip_odds) {
  std::optional<Position> best;
  double best_bits = 0;
  for (auto p = suspects.walk.rbegin(); p != suspects.walk.rend(); ++p) {
    const auto at = index_of(*p);
    if (suspects.skipped[at] || suspects.known_bad[at]) continue;
    const double share = static_cast<double>(weights[at]) / static_cast<double>(suspects.size());
    const double bits = entropy(share) * (1 - skip_odds[at]);
    if (bits <= best_bits) continue;
    best = *p;
    best_bits = bits;
  }
  return best;
}

// git's estimate_bisect_steps().
double estimate_steps(std::size_t all) {
  if (all < 3) return 0;
  const auto whole = std::floor(std::log2(static_cast<double>(all)));
  const auto power = std::exp2(whole);
  return power < 3 * (static_cast<double>(all) - power) ? whole : whole - 1;
}

Choice contradiction() {
  Choice choice;
  choice.reason =
      "the answers contradict each other: no candidate is an ancestor of every bad one and of no good one";
  return choice;
}

Choice only_skips(const Suspects& suspects) {
  Choice choice;
  choice.suspects = suspects.walk;
  choice.left = suspects.size();
  choice.reason = "every candidate that could still tell was skipped; the culprit is one of " +
                  std::to_string(suspects.size());
  return choice;
}

Choice ask(const Suspects& suspects, Position candidate, std::string reason) {
  Choice choice;
  choice.kind = Choice::Kind::ask;
  choice.candidate = candidate;
  choice.left = suspects.size();
  choice.steps = estimate_steps(suspects.size());
  choice.reason = std::move(reason);
  return choice;
}

Choice found(const Suspects& suspects) {
  Choice choice;
  choice.kind = Choice::Kind::found;
  choice.candidate = suspects.walk.front();
  choice.left = 1;
  choice.reason = "the only candidate left";
  return choice;
}

Choice ask_for_the_bad_end(const Suspects& suspects) {
  for (const auto p : suspects.walk)
    if (!suspects.skipped[index_of(p)])
      return ask(suspects, p, "no candidate is known to be bad yet: the newest is asked first");
  return only_skips(suspects);
}

std::string in_words(const Suspects& suspects, std::uint32_t weight) {
  return "of " + std::to_string(suspects.size()) + " suspects, bad leaves " + std::to_string(weight) +
         " and good leaves " + std::to_string(suspects.size() - weight);
}

Choice away_from_skips(const History& history, const std::vector<Asked>& asked, const Suspects& suspects,
                       const Weights& weights) {
  const auto candidate = most_telling(suspects, weights, skip_odds(history, asked));
  if (!candidate) return only_skips(suspects);
  return ask(suspects, *candidate,
             in_words(suspects, weights[index_of(*candidate)]) + ", away from skipped ones");
}

bool skipped_suspect(const Suspects& suspects) {
  return std::ranges::any_of(suspects.walk, [&](Position p) { return suspects.skipped[index_of(p)]; });
}

}  // namespace

Choice choose_classic(const History& history, const std::vector<Asked>& asked) {
  const auto suspects = suspects_after(history, asked);
  if (suspects.size() == 0) return contradiction();
  if (!suspects.any_bad) return ask_for_the_bad_end(suspects);
  if (suspects.size() == 1)
    return suspects.skipped[index_of(suspects.walk[0])] ? only_skips(suspects) : found(suspects);

  const auto weights = ancestor_counts(history, suspects.member);
  if (skipped_suspect(suspects)) return away_from_skips(history, asked, suspects, weights);
  const auto candidate = suspects.any_skip ? farthest_by_id(history, suspects, weights)
                                           : GitsOrder(history, suspects, weights).choose();
  return ask(suspects, candidate, in_words(suspects, weights[index_of(candidate)]));
}

}  // namespace kverdict
