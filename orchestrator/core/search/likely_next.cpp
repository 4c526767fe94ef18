#include <algorithm>
#include <queue>

#include "orchestrator/core/search/classic.hpp"

namespace kverdict {
namespace {

constexpr double k_skip_odds = 0.05;   // of a candidate that nothing is known about
constexpr std::size_t k_patience = 8;  // choices computed per candidate wanted

// A way the next answers may come out: what was assumed, and what is then under test.
struct Branch {
  double odds;
  std::vector<Asked> asked;
  Position running;
};

struct LessLikely {
  bool operator()(const Branch& a, const Branch& b) const { return a.odds < b.odds; }
};

// Every suspect is equally likely the culprit: the share of those that would make `p` bad.
double odds_of_bad(const History& history, const std::vector<Asked>& asked, Position p) {
  const auto suspects = suspects_after(history, asked);
  if (suspects.size() == 0) return 0;
  const auto reached = history.ancestors(p);
  const auto below = std::ranges::count_if(suspects.walk, [&](Position s) { return reached[index_of(s)]; });
  return static_cast<double>(below) / static_cast<double>(suspects.size());
}

bool is_answered(const std::vector<Asked>& asked, Position p) {
  return std::ranges::any_of(asked,
                             [&](const Asked& a) { return a.at == p && a.verdict != Verdict::nothing; });
}

std::vector<Branch> answers_of(const History& history, const Branch& branch) {
  const double bad = odds_of_bad(history, branch.asked, branch.running);
  std::vector<Branch> result;
  const auto add = [&](Verdict verdict, double share) {
    Branch next{branch.odds * share, branch.asked, {}};
    std::erase_if(next.asked, [&](const Asked& a) { return a.at == branch.running; });
    next.asked.push_back({branch.running, verdict});
    result.push_back(std::move(next));
  };
  add(Verdict::bad, bad * (1 - k_skip_odds));
  add(Verdict::good, (1 - bad) * (1 - k_skip_odds));
  add(Verdict::skip, k_skip_odds);
  return result;
}

}  // namespace

std::vector<Position> likely_next(const History& history, const std::vector<Asked>& asked, Position running,
                                  std::size_t n) {
  std::priority_queue<Branch, std::vector<Branch>, LessLikely> branches;
  std::vector<Position> result;
  const auto branch_out = [&](const Branch& from) {
    for (auto& next : answers_of(history, from)) {
      if (next.odds <= 0) continue;
      const auto choice = choose_classic(history, next.asked);
      if (choice.kind != Choice::Kind::ask) continue;
      next.running = choice.candidate;
      branches.push(std::move(next));
    }
  };
  if (n > 0) branch_out({1, asked, running});
  for (std::size_t patience = k_patience * n; patience > 0 && !branches.empty(); --patience) {
    const auto next = branches.top();
    branches.pop();
    const bool known = next.running == running || is_answered(asked, next.running);
    if (!known && std::ranges::find(result, next.running) == result.end()) result.push_back(next.running);
    if (result.size() == n) break;
    branch_out(next);
  }
  return result;
}

}  // namespace kverdict
