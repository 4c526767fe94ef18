// Lineage: a history laid out so that "the sum of v over all ancestors of x", for all x at once and any v, is
// one pass over the history.
//
// How. The history is covered by chains: from the newest candidate not covered yet along first parents to one
// that is covered. The ancestors of x that lie in one chain are always a lower part of it. So with prefix
// sums along the chains the sum for x is that for its first parent, plus its own chain's next value, plus,
// for a merge, one difference of prefix sums for each chain from which the merge brings something new. Those
// differences (spans) are found once, in blocks of chains, and are few: 1 to 2 per candidate in real
// histories.
//
// Slots number the candidates chain by chain, oldest first in each. A stretch is a maximal part of a chain
// without merges after its first candidate.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "orchestrator/core/model/history.hpp"

namespace kverdict {

class Lineage {
 public:
  struct Span {
    std::uint32_t begin, end;  // slots, within one chain
  };
  struct Stretch {
    std::uint32_t begin, end;            // slots
    std::uint32_t base;                  // slot of the first one's first parent inside, or k_none
    std::uint32_t span_begin, span_end;  // what the first one brings besides
  };
  static constexpr std::uint32_t k_none = 0xffffffff;

  explicit Lineage(const History& history);

  std::uint32_t size() const { return static_cast<std::uint32_t>(at_.size()); }
  std::uint32_t slot(Position p) const { return slot_[index_of(p)]; }
  Position at(std::uint32_t slot) const { return at_[slot]; }
  std::uint32_t chain_of(std::uint32_t slot) const { return chain_[slot]; }
  // Slots of one chain: [chain_begin(i), chain_begin(i + 1)).
  std::uint32_t chains() const { return static_cast<std::uint32_t>(chain_begin_.size()) - 1; }
  std::uint32_t chain_begin(std::uint32_t chain) const { return chain_begin_[chain]; }
  // In an order in which every base and every span comes before the stretch that needs it.
  std::span<const Stretch> stretches() const { return stretches_; }
  std::uint32_t stretch_of(std::uint32_t slot) const { return stretch_[slot]; }
  std::span<const Span> spans(const Stretch& stretch) const {
    return std::span(spans_).subspan(stretch.span_begin, stretch.span_end - stretch.span_begin);
  }
  // For each chain: the end of the lower part that holds the ancestors of the candidate, itself included.
  // Remembered, because each plan asks for those that were tried; one thread at a time.
  const std::vector<std::uint32_t>& reach(std::uint32_t slot) const;

 private:
  void cover(const History& history);
  void cut(const History& history);
  void find_spans(const History& history);
  std::vector<std::uint32_t> walk(std::uint32_t slot) const;

  std::vector<std::uint32_t> slot_;  // by position
  std::vector<Position> at_;         // by slot
  std::vector<std::uint32_t> chain_, stretch_;
  std::vector<std::uint32_t> chain_begin_;
  std::vector<Stretch> stretches_;
  std::vector<Span> spans_;
  mutable std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> reached_;
};

}  // namespace kverdict
