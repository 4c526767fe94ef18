#include "orchestrator/core/search/suspects.hpp"

#include <algorithm>
#include <queue>

#include "runners/error.hpp"

namespace kverdict {
namespace {

// Marks the ancestors of many at once, themselves included.
std::vector<bool> ancestors_of_any(const History& history, std::vector<Position> pending) {
  std::vector<bool> reached(history.size());
  for (const auto p : pending) reached[index_of(p)] = true;
  while (!pending.empty()) {
    const auto next = pending.back();
    pending.pop_back();
    for (const auto parent : history.parents(next)) {
      if (reached[index_of(parent)]) continue;
      reached[index_of(parent)] = true;
      pending.push_back(parent);
    }
  }
  return reached;
}

// git keeps its queue sorted by date, equal dates in the order in which they were found.
struct Waiting {
  std::int64_t date;
  std::uint32_t found;
  Position position;
};

struct WalkedLater {
  bool operator()(const Waiting& a, const Waiting& b) const {
    return a.date != b.date ? a.date < b.date : a.found > b.found;
  }
};

std::vector<Position> tips(const History& history, const std::vector<bool>& member) {
  std::vector<Position> result;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (!member[i]) continue;
    const auto children = history.children(position_at(i));
    if (std::ranges::none_of(children, [&](Position child) { return member[index_of(child)]; }))
      result.push_back(position_at(i));
  }
  return result;
}

std::vector<Position> walk_as_git(const History& history, const std::vector<bool>& member) {
  std::priority_queue<Waiting, std::vector<Waiting>, WalkedLater> queue;
  std::vector<bool> seen(history.size());
  std::uint32_t found = 0;
  const auto push = [&](Position p) {
    if (!member[index_of(p)] || seen[index_of(p)]) return;
    seen[index_of(p)] = true;
    queue.push({history.date(p), found++, p});
  };
  for (const auto tip : tips(history, member)) push(tip);
  std::vector<Position> walk;
  while (!queue.empty()) {
    const auto next = queue.top().position;
    queue.pop();
    walk.push_back(next);
    for (const auto parent : history.parents(next)) push(parent);
  }
  return walk;
}

}  // namespace

Suspects suspects_after(const History& history, const std::vector<Asked>& asked) {
  Suspects suspects{{},
                    std::vector<bool>(history.size(), true),
                    std::vector<bool>(history.size()),
                    std::vector<bool>(history.size())};
  std::vector<Position> goods;
  for (const auto& [at, verdict] : asked) {
    KV_CHECK(index_of(at) < history.size());
    switch (verdict) {
      case Verdict::nothing:
        break;
      case Verdict::good:
        goods.push_back(at);
        break;
      case Verdict::skip:
        suspects.any_skip = suspects.skipped[index_of(at)] = true;
        break;
      case Verdict::bad: {
        suspects.any_bad = suspects.known_bad[index_of(at)] = true;
        const auto reached = history.ancestors(at);
        for (std::size_t i = 0; i < reached.size(); ++i)
          if (!reached[i]) suspects.member[i] = false;
        break;
      }
    }
  }
  const auto cleared = ancestors_of_any(history, std::move(goods));
  for (std::size_t i = 0; i < cleared.size(); ++i)
    if (cleared[i]) suspects.member[i] = false;
  suspects.walk = walk_as_git(history, suspects.member);
  return suspects;
}

}  // namespace kverdict
