#include "orchestrator/sources/range_walk.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

namespace kverdict::git {
namespace {

constexpr int k_slop = 5;  // commits git looks at beyond the point where all seem excluded

}  // namespace

RangeWalk::RangeWalk(CommitGraph& graph, git_odb* odb, const PathLimit& limit, Ancestry ancestry)
    : graph_(graph), odb_(odb), limit_(limit), ancestry_(ancestry) {}

std::uint8_t& RangeWalk::flags(Node node) {
  if (flags_.size() <= index_of(node)) flags_.resize(std::max<std::size_t>(graph_.size(), flags_.size() * 2));
  return flags_[index_of(node)];
}

// What this walk has read, whatever the graph knew before: git's marks go only that far.
const CommitNode& RangeWalk::parsed(Node node) {
  const auto& commit = graph_.parsed(node);
  flags(node) |= read;
  return commit;
}

std::uint32_t RangeWalk::parent_count(Node node) const {
  if (followed_.contains(index_of(node))) return 1;
  return graph_.at(node).parent_count;
}

Node RangeWalk::parent(Node node, std::uint32_t nth) const {
  const auto followed = followed_.find(index_of(node));
  return followed != followed_.end() ? followed->second : graph_.parent(node, nth);
}

void RangeWalk::push(Node node) {
  queue_.push({parsed(node).date, found_++, node});
  flags(node) |= seen | queued;
  if (!has(node, excluded)) ++interesting_queued_;
}

Node RangeWalk::pop() {
  const auto node = queue_.top().node;
  queue_.pop();
  flags(node) &= static_cast<std::uint8_t>(~queued);
  if (!has(node, excluded)) --interesting_queued_;
  return node;
}

void RangeWalk::exclude(Node node) {
  if (has(node, queued) && !has(node, excluded)) --interesting_queued_;
  flags(node) |= excluded;
}

// git's mark_parents_uninteresting(): goes on only through commits that were read already.
void RangeWalk::exclude_ancestors(Node node) {
  std::vector<Node> pending{node};
  while (!pending.empty()) {
    const auto next = pending.back();
    pending.pop_back();
    for (std::uint32_t i = 0; has(next, read) && i < parent_count(next); ++i) {
      const auto above = parent(next, i);
      if (has(above, excluded)) continue;
      exclude(above);
      pending.push_back(above);
    }
  }
}

// git's process_parents().
void RangeWalk::process(Node node) {
  if (has(node, added)) return;
  flags(node) |= added;
  if (has(node, excluded)) {
    for (std::uint32_t i = 0; i < parent_count(node); ++i) {
      const auto above = parent(node, i);
      exclude(above);
      parsed(above);
      exclude_ancestors(above);
      if (!has(above, seen)) push(above);
    }
    return;
  }
  simplify(node);
  const auto count =
      ancestry_ == Ancestry::first_parent ? std::min(1U, parent_count(node)) : parent_count(node);
  for (std::uint32_t i = 0; i < count; ++i)
    if (const auto above = parent(node, i); !has(above, seen)) push(above);
}

bool RangeWalk::same_tree(Node above, Node below) {
  const auto before = parsed(above).tree;
  const auto after = graph_.at(below).tree;
  return limit_.same(odb_, &before, &after);
}

// git's try_to_simplify_commit(): a merge that agrees with a parent in the wanted paths follows only that
// one.
void RangeWalk::simplify(Node node) {
  if (!limit_.limits()) return;
  const auto count = graph_.parent_count(node);
  if (count == 0) {
    const auto tree = graph_.at(node).tree;
    if (limit_.same(odb_, nullptr, &tree)) flags(node) |= same;
    return;
  }
  bool any_relevant = false, relevant_change = false, irrelevant_change = false;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto above = graph_.parent(node, i);
    any_relevant |= relevant(above);
    if (i == 1 && ancestry_ == Ancestry::first_parent) break;
    if (!same_tree(above, node)) {
      (relevant(above) ? relevant_change : irrelevant_change) = true;
    } else if (relevant(above)) {
      followed_.emplace(index_of(node), above);
      flags(node) |= same;
      return;
    }
  }
  if (any_relevant ? !relevant_change : !irrelevant_change) flags(node) |= same;
}

// git's still_interesting(): false once the walk may stop.
bool RangeWalk::still_interesting(std::uint64_t date, int& slop) const {
  if (queue_.empty()) return false;
  if (date <= queue_.top().date || interesting_queued_ > 0)
    slop = k_slop;
  else
    --slop;
  return slop > 0;
}

void RangeWalk::run(Node bad, const std::vector<Node>& goods) {
  flags(bad);
  for (const auto good : goods) flags(good) |= excluded | bottom;
  const auto start = [&](Node node) {
    parsed(node);
    if (has(node, excluded)) exclude_ancestors(node);
    if (!has(node, seen)) push(node);
  };
  start(bad);
  std::ranges::for_each(goods, start);

  int slop = k_slop;
  auto date = std::numeric_limits<std::uint64_t>::max();
  while (!queue_.empty()) {
    const auto node = pop();
    process(node);
    if (!has(node, excluded)) {
      date = graph_.at(node).date;
      walked_.push_back(node);
      continue;
    }
    exclude_ancestors(node);
    if (!still_interesting(date, slop)) break;
  }
  std::erase_if(walked_, [&](Node node) { return has(node, excluded); });
  std::ranges::copy_if(walked_, std::back_inserter(listed_), [&](Node node) { return is_listed(node); });
}

std::vector<Node> RangeWalk::ends(Node bad) const {
  return is_listed(bad) ? std::vector{bad} : listed_parents(bad);
}

std::vector<Node> RangeWalk::listed_parents(Node node) const {
  std::vector<Node> result;
  std::unordered_set<std::uint32_t> met;
  std::vector<Node> pending;
  const auto expand = [&](Node from) {
    auto count = parent_count(from);
    if (ancestry_ == Ancestry::first_parent) count = std::min(1U, count);
    for (auto i = count; i-- > 0;) pending.push_back(parent(from, i));
  };
  expand(node);
  while (!pending.empty()) {
    const auto next = pending.back();
    pending.pop_back();
    if (has(next, excluded) || !has(next, added) || !met.insert(index_of(next)).second) continue;
    if (is_listed(next))
      result.push_back(next);
    else
      expand(next);
  }
  return result;
}

}  // namespace kverdict::git
