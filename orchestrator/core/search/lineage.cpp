#include "orchestrator/core/search/lineage.hpp"

#include <algorithm>
#include <array>

#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_columns = 64;
using Row = std::array<std::uint32_t, k_columns>;

struct Found {
  std::uint32_t stretch;
  Lineage::Span span;
};

// What the candidate that begins a stretch can reach, for 64 chains: the end of the part that it reaches.
class Block {
 public:
  Block(const History& history, const Lineage& lineage, std::uint32_t first, std::vector<Found>& found)
      : history_(history), lineage_(lineage), first_(first), found_(found) {
    for (std::uint32_t i = 0; i < k_columns; ++i)
      nothing_[i] = first + i < lineage.chains() ? lineage.chain_begin(first + i) : 0;
  }

  void run(std::vector<Row>& rows) {
    const auto stretches = lineage_.stretches();
    for (std::uint32_t s = 0; s < stretches.size(); ++s) {
      const auto& stretch = stretches[s];
      Row row = stretch.base == Lineage::k_none ? nothing_ : reach(rows, stretch.base);
      const Row before = row;
      const auto parents = history_.parents(lineage_.at(stretch.begin));
      for (std::size_t i = 1; i < parents.size(); ++i) join(row, reach(rows, lineage_.slot(parents[i])));
      if (parents.size() > 1) note(s, before, row);
      raise(row, stretch.begin);
      rows[s] = row;
    }
  }

 private:
  void raise(Row& row, std::uint32_t slot) const {
    const auto column = lineage_.chain_of(slot) - first_;
    if (column < k_columns) row[column] = std::max(row[column], slot + 1);
  }

  Row reach(const std::vector<Row>& rows, std::uint32_t slot) const {
    Row row = rows[lineage_.stretch_of(slot)];
    raise(row, slot);
    return row;
  }

  static void join(Row& row, const Row& other) {
    for (std::size_t i = 0; i < k_columns; ++i) row[i] = std::max(row[i], other[i]);
  }

  void note(std::uint32_t stretch, const Row& before, const Row& after) const {
    if (before == after) return;
    for (std::size_t i = 0; i < k_columns; ++i)
      if (after[i] > before[i]) found_.push_back({stretch, {before[i], after[i]}});
  }

  const History& history_;
  const Lineage& lineage_;
  std::uint32_t first_;
  Row nothing_{};
  std::vector<Found>& found_;
};

}  // namespace

Lineage::Lineage(const History& history) {
  cover(history);
  cut(history);
  find_spans(history);
}

void Lineage::cover(const History& history) {
  const auto size = history.size();
  slot_.assign(size, k_none);
  chain_begin_.push_back(0);
  const auto& order = history.topological();
  for (auto newest = order.rbegin(); newest != order.rend(); ++newest) {
    if (slot_[index_of(*newest)] != k_none) continue;
    const auto begin = static_cast<std::uint32_t>(at_.size());
    for (auto p = *newest;;) {
      at_.push_back(p);
      slot_[index_of(p)] = begin;  // covered; the number follows
      const auto parents = history.parents(p);
      if (parents.empty() || slot_[index_of(parents[0])] != k_none) break;
      p = parents[0];
    }
    std::reverse(at_.begin() + begin, at_.end());
    for (auto slot = begin; slot < at_.size(); ++slot) slot_[index_of(at_[slot])] = slot;
    chain_.resize(at_.size(), static_cast<std::uint32_t>(chain_begin_.size()) - 1);
    chain_begin_.push_back(static_cast<std::uint32_t>(at_.size()));
  }
  KV_CHECK(at_.size() == size);
}

void Lineage::cut(const History& history) {
  stretch_.assign(at_.size(), 0);
  const auto begins = [&](std::uint32_t slot) {
    return slot == chain_begin_[chain_[slot]] || history.parents(at_[slot]).size() > 1;
  };
  for (const auto p : history.topological()) {
    const auto slot = slot_[index_of(p)];
    if (!begins(slot)) continue;
    const auto parents = history.parents(p);
    const auto number = static_cast<std::uint32_t>(stretches_.size());
    auto end = slot + 1;
    while (end < chain_begin_[chain_[slot] + 1] && !begins(end)) ++end;
    stretches_.push_back({slot, end, parents.empty() ? k_none : slot_[index_of(parents[0])], 0, 0});
    std::fill(stretch_.begin() + slot, stretch_.begin() + end, number);
  }
}

void Lineage::find_spans(const History& history) {
  std::vector<Found> found;
  std::vector<Row> rows(stretches_.size());
  if (chains() > 1)
    for (std::uint32_t first = 0; first < chains(); first += k_columns)
      Block(history, *this, first, found).run(rows);
  std::ranges::stable_sort(found, {}, &Found::stretch);
  auto next = found.begin();
  for (std::uint32_t s = 0; s < stretches_.size(); ++s) {
    stretches_[s].span_begin = static_cast<std::uint32_t>(spans_.size());
    for (; next != found.end() && next->stretch == s; ++next) spans_.push_back(next->span);
    stretches_[s].span_end = static_cast<std::uint32_t>(spans_.size());
  }
}

const std::vector<std::uint32_t>& Lineage::reach(std::uint32_t slot) const {
  const auto [found, fresh] = reached_.try_emplace(slot);
  if (fresh) found->second = walk(slot);
  return found->second;
}

std::vector<std::uint32_t> Lineage::walk(std::uint32_t slot) const {
  std::vector<std::uint32_t> ends(chain_begin_.begin(), chain_begin_.end() - 1);
  const auto raise = [&](std::uint32_t chain, std::uint32_t end) {
    ends[chain] = std::max(ends[chain], end);
  };
  while (slot != k_none) {
    raise(chain_[slot], slot + 1);
    const auto& stretch = stretches_[stretch_[slot]];
    for (const auto& span : spans(stretch)) raise(chain_[span.begin], span.end);
    slot = stretch.base;
  }
  return ends;
}

}  // namespace kverdict
