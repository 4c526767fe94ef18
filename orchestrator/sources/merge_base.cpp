#include "orchestrator/sources/merge_base.hpp"

#include <algorithm>
#include <queue>

namespace kverdict::git {
namespace {

enum Color : std::uint8_t { first_side = 1, other_side = 2, stale = 4, result = 8 };

// Paints the ancestors of both sides; where the colours meet is common, and everything below is stale.
class Painter {
 public:
  explicit Painter(CommitGraph& graph) : graph_(graph) {}

  std::vector<Node> common(Node one, const std::vector<Node>& others) {
    paint(one, first_side);
    for (const auto other : others) paint(other, other_side);
    std::vector<Node> met;
    while (fresh_queued_ > 0) {
      const auto node = pop();
      auto spread = static_cast<std::uint8_t>(colors(node) & (first_side | other_side | stale));
      if (spread == (first_side | other_side)) {
        if (!(colors(node) & result)) met.push_back(node);
        colors(node) |= result;
        spread |= stale;
      }
      for (std::uint32_t i = 0; i < graph_.parent_count(node); ++i) paint(graph_.parent(node, i), spread);
    }
    std::erase_if(met, [&](Node node) { return colors(node) & stale; });
    return met;
  }

  bool has(Node node, Color color) { return colors(node) & color; }

 private:
  struct Waiting {
    std::uint64_t date;
    std::uint32_t found;
    Node node;
    bool operator<(const Waiting& other) const {
      return date != other.date ? date < other.date : found > other.found;
    }
  };

  std::uint8_t& colors(Node node) { return grown(colors_)[index_of(node)]; }
  std::uint32_t& queued(Node node) { return grown(queued_)[index_of(node)]; }

  template <class T>
  std::vector<T>& grown(std::vector<T>& values) {
    if (values.size() < graph_.size()) values.resize(std::max(graph_.size(), values.size() * 2));
    return values;
  }

  bool is_fresh(Node node) { return !(colors(node) & stale); }

  void paint(Node node, std::uint8_t spread) {
    if ((colors(node) & spread) == spread) return;
    if (is_fresh(node) && (spread & stale)) fresh_queued_ -= queued(node);
    colors(node) |= spread;
    queue_.push({graph_.parsed(node).date, found_++, node});
    ++queued(node);
    if (is_fresh(node)) ++fresh_queued_;
  }

  Node pop() {
    const auto node = queue_.top().node;
    queue_.pop();
    --queued(node);
    if (is_fresh(node)) --fresh_queued_;
    return node;
  }

  CommitGraph& graph_;
  std::priority_queue<Waiting> queue_;
  std::uint32_t found_ = 0;
  std::uint32_t fresh_queued_ = 0;  // entries in the queue whose commit is not stale
  std::vector<std::uint8_t> colors_;
  std::vector<std::uint32_t> queued_;  // entries per commit
};

}  // namespace

std::vector<Node> merge_bases(CommitGraph& graph, Node one, const std::vector<Node>& others) {
  if (std::ranges::find(others, one) != others.end()) return {one};
  auto bases = Painter(graph).common(one, others);
  for (std::size_t i = 0; bases.size() > 1 && i < bases.size();) {
    auto rest = bases;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    Painter painter(graph);
    painter.common(bases[i], rest);
    const bool redundant = painter.has(bases[i], other_side);
    if (redundant)
      bases.erase(bases.begin() + static_cast<std::ptrdiff_t>(i));
    else
      ++i;
  }
  std::ranges::stable_sort(bases, std::ranges::greater{}, [&](Node node) { return graph.at(node).date; });
  return bases;
}

}  // namespace kverdict::git
