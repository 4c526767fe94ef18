#include "orchestrator/core/model/history.hpp"

#include <algorithm>
#include <queue>
#include <string>
#include <utility>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using Rows = std::vector<std::uint32_t>;

// Turns edges counted per row (at index row + 1) into row starts.
void accumulate_rows(Rows& begin) {
  for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
}

std::span<const Position> row(const Rows& begin, const std::vector<Position>& cells, Position p) {
  const auto index = index_of(p);
  KV_CHECK(index + 1 < begin.size());
  return std::span(cells).subspan(begin[index], begin[index + 1] - begin[index]);
}

}  // namespace

void History::Builder::add(CandidateId id, std::vector<CandidateId> parents,
                           std::optional<std::int64_t> date) {
  dates_.push_back(date.value_or(-static_cast<std::int64_t>(ids_.size())));
  ids_.push_back(std::move(id));
  parents_.push_back(std::move(parents));
}

History History::Builder::build() && {
  History history;
  history.ids_ = std::move(ids_);
  history.dates_ = std::move(dates_);
  history.index_ids();
  history.connect(parents_);
  history.sort_topologically();
  return history;
}

void History::index_ids() {
  by_id_.reserve(ids_.size());
  for (std::size_t i = 0; i < ids_.size(); ++i)
    if (!by_id_.emplace(ids_[i], position_at(i)).second)
      throw UsageError("history: candidate " + ids_[i].value + " is listed twice; list each candidate once");
}

void History::connect(const std::vector<std::vector<CandidateId>>& parents) {
  parent_begin_.assign(size() + 1, 0);
  child_begin_.assign(size() + 1, 0);
  for (std::size_t i = 0; i < size(); ++i) {
    for (const auto& id : parents[i]) {
      const auto found = by_id_.find(id);
      if (found == by_id_.end()) continue;
      parents_.push_back(found->second);
      ++child_begin_[index_of(found->second) + 1];
    }
    parent_begin_[i + 1] = static_cast<std::uint32_t>(parents_.size());
  }
  accumulate_rows(child_begin_);
  children_.resize(parents_.size());
  Rows next(child_begin_.begin(), child_begin_.end() - 1);
  for (std::size_t i = 0; i < size(); ++i)
    for (const auto parent : this->parents(position_at(i)))
      children_[next[index_of(parent)]++] = position_at(i);
}

// Among those whose parents are all placed, the last in the source's order is placed first: for a source
// that lists children before parents this is exactly the reverse of its order.
void History::sort_topologically() {
  std::vector<std::uint32_t> waiting(size());
  std::priority_queue<Position> ready;
  for (std::size_t i = 0; i < size(); ++i) {
    waiting[i] = static_cast<std::uint32_t>(parents(position_at(i)).size());
    if (waiting[i] == 0) ready.push(position_at(i));
  }
  topological_.reserve(size());
  while (!ready.empty()) {
    const auto next = ready.top();
    ready.pop();
    topological_.push_back(next);
    for (const auto child : children(next))
      if (--waiting[index_of(child)] == 0) ready.push(child);
  }
  if (topological_.size() == size()) return;
  const auto stuck = std::ranges::find_if(waiting, [](auto count) { return count > 0; }) - waiting.begin();
  throw UsageError("history: candidate " + ids_[static_cast<std::size_t>(stuck)].value +
                   " is in or above a cycle of parents; a candidate cannot descend from itself");
}

const CandidateId& History::id(Position p) const {
  KV_CHECK(index_of(p) < size());
  return ids_[index_of(p)];
}

std::optional<Position> History::find(const CandidateId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

std::span<const Position> History::parents(Position p) const {
  return row(parent_begin_, parents_, p);
}

std::span<const Position> History::children(Position p) const {
  return row(child_begin_, children_, p);
}

std::int64_t History::date(Position p) const {
  KV_CHECK(index_of(p) < size());
  return dates_[index_of(p)];
}

std::vector<bool> History::ancestors(Position p) const {
  KV_CHECK(index_of(p) < size());
  std::vector<bool> reached(size());
  std::vector<Position> pending{p};
  reached[index_of(p)] = true;
  while (!pending.empty()) {
    const auto next = pending.back();
    pending.pop_back();
    for (const auto parent : parents(next)) {
      if (reached[index_of(parent)]) continue;
      reached[index_of(parent)] = true;
      pending.push_back(parent);
    }
  }
  return reached;
}

bool History::is_ancestor(Position ancestor, Position descendant) const {
  return ancestor == descendant || ancestors(descendant)[index_of(ancestor)];
}

}  // namespace kverdict
