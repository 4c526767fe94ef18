#include "orchestrator/core/search/skip_odds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kverdict {
namespace {

constexpr std::uint32_t k_far = std::numeric_limits<std::uint32_t>::max();
constexpr double k_prior_share = 0.08;  // of broken candidates, before any answer
constexpr double k_prior_answers = 5;   // how many answers that opinion is worth
constexpr double k_highest_share = 0.7;
constexpr double k_stretch = 20;  // candidates in a broken stretch, on average

// Steps along edges, in either direction, to the nearest of the sources.
std::vector<std::uint32_t> steps_to(const History& history, std::vector<Position> frontier) {
  std::vector<std::uint32_t> steps(history.size(), k_far);
  for (const auto p : frontier) steps[index_of(p)] = 0;
  for (std::size_t head = 0; head < frontier.size(); ++head) {
    const auto p = frontier[head];
    const auto visit = [&](Position next) {
      if (steps[index_of(next)] != k_far) return;
      steps[index_of(next)] = steps[index_of(p)] + 1;
      frontier.push_back(next);
    };
    std::ranges::for_each(history.parents(p), visit);
    std::ranges::for_each(history.children(p), visit);
  }
  return steps;
}

std::vector<Position> answered(const std::vector<Asked>& asked, bool testable) {
  std::vector<Position> result;
  for (const auto& [at, verdict] : asked)
    if (verdict != Verdict::nothing && (verdict != Verdict::skip) == testable) result.push_back(at);
  return result;
}

// The chain: the odds of being broken, some steps from one that is known.
class Chain {
 public:
  explicit Chain(double share) : share_(share), keep_(1 - 1 / k_stretch / (1 - share)) {}

  double broken_from_broken(std::uint32_t steps) const { return share_ + (1 - share_) * fade(steps); }
  double broken_from_testable(std::uint32_t steps) const { return share_ - share_ * fade(steps); }

  // Between a broken one and a testable one (Bayes over the two ways to get from one to the other).
  double broken_between(std::uint32_t to_broken, std::uint32_t to_testable) const {
    const double broken = broken_from_broken(to_broken) * (1 - broken_from_broken(to_testable));
    const double sound = (1 - broken_from_broken(to_broken)) * (1 - broken_from_testable(to_testable));
    return broken / (broken + sound);
  }

 private:
  double fade(std::uint32_t steps) const {
    return steps == k_far ? 0 : std::pow(std::max(keep_, 0.0), steps);
  }

  double share_, keep_;
};

}  // namespace

std::vector<double> skip_odds(const History& history, const std::vector<Asked>& asked) {
  const auto broken = answered(asked, false);
  const auto testable = answered(asked, true);
  const double answers = static_cast<double>(broken.size() + testable.size());
  const double share =
      (static_cast<double>(broken.size()) + k_prior_share * k_prior_answers) / (answers + k_prior_answers);
  const Chain chain(std::min(share, k_highest_share));

  const auto to_broken = steps_to(history, broken);
  const auto to_testable = steps_to(history, testable);
  std::vector<double> odds(history.size());
  for (std::size_t i = 0; i < odds.size(); ++i) odds[i] = chain.broken_between(to_broken[i], to_testable[i]);
  return odds;
}

}  // namespace kverdict
