// History: the candidates that can be asked and who descends from whom. A DAG in compressed rows, fit for
// 170,000 commits. Pure; sources build it, search asks it.
//
// Positions are in the source's own order (git: the order of `git rev-list bad ^good...`, newest first),
// because git breaks ties by it. A parent that is known good lies outside and is not listed.
//
// A source that walks by date, as git does, gives the dates along: when an answer moves the bad end, git
// walks again from there, and equal dates may then come in another order than in the first walk.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "orchestrator/core/model/candidate.hpp"

namespace kverdict {

enum class Position : std::uint32_t {};
constexpr std::uint32_t index_of(Position p) {
  return static_cast<std::uint32_t>(p);
}
constexpr Position position_at(std::size_t index) {
  return Position{static_cast<std::uint32_t>(index)};
}

class History {
 public:
  // Adds the next candidate. Parents may be added later than their children (git order), so they are named
  // by id; parents never added are outside the range.
  class Builder {
   public:
    // Without a date, every walk goes in the order in which candidates are added.
    void add(CandidateId id, std::vector<CandidateId> parents, std::optional<std::int64_t> date = {});
    History build() &&;  // throws UsageError on a duplicate id or a cycle

   private:
    std::vector<CandidateId> ids_;
    std::vector<std::vector<CandidateId>> parents_;
    std::vector<std::int64_t> dates_;
  };

  std::size_t size() const { return ids_.size(); }
  bool empty() const { return ids_.empty(); }
  const CandidateId& id(Position p) const;
  std::optional<Position> find(const CandidateId& id) const;
  std::span<const Position> parents(Position p) const;  // inside the history, in the commit's order
  std::span<const Position> children(Position p) const;
  std::int64_t date(Position p) const;  // walk order: the later date is walked first
  // Parents before children; stable: equal histories give equal orders.
  const std::vector<Position>& topological() const { return topological_; }
  // Ancestors of p, p included, as one flag per position.
  std::vector<bool> ancestors(Position p) const;
  bool is_ancestor(Position ancestor, Position descendant) const;  // reflexive

 private:
  void index_ids();
  void connect(const std::vector<std::vector<CandidateId>>& parents);
  void sort_topologically();

  std::vector<CandidateId> ids_;
  std::unordered_map<CandidateId, Position> by_id_;
  std::vector<std::uint32_t> parent_begin_, child_begin_;  // size()+1 row starts
  std::vector<Position> parents_, children_;
  std::vector<std::int64_t> dates_;
  std::vector<Position> topological_;
};

// What a source answers to "from these good ends to this bad end".
struct Range {
  History history;  // bad and its ancestors that no good end reaches
  CandidateId bad;
  std::vector<CandidateId> goods;
  // Ends that must pass because a good end is not an ancestor of bad (git's merge-base check).
  std::vector<CandidateId> merge_bases;
};

}  // namespace kverdict
