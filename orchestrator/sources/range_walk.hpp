// The walk of `git rev-list <bad> ^<good>... [-- <paths>]`, step for step.
//
// The order of the result decides git's ties, and where commit dates go backwards git's stopping rule (SLOP)
// decides what is in the range at all; with paths, which parents of a merge are followed depends on what was
// already known to be excluded when the merge was met. So this is git's limit_list() and
// try_to_simplify_commit(), with its sorted list as a heap.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "orchestrator/sources/commit_graph.hpp"
#include "orchestrator/sources/git_source.hpp"
#include "orchestrator/sources/path_limit.hpp"

namespace kverdict::git {

class RangeWalk {
 public:
  // All three must outlive the walk.
  RangeWalk(CommitGraph& graph, git_odb* odb, const PathLimit& limit, Ancestry ancestry);

  void run(Node bad, const std::vector<Node>& goods);

  // Newest first; those that change no wanted path are not listed.
  const std::vector<Node>& listed() const { return listed_; }
  // The same with those that are not listed because of the paths.
  const std::vector<Node>& walked() const { return walked_; }
  // `bad` itself where it is listed, else its nearest listed ancestors.
  std::vector<Node> ends(Node bad) const;
  // The nearest listed ancestors, in the order of the parents that lead to them. A commit that is not listed
  // because of the paths may be asked too.
  std::vector<Node> listed_parents(Node node) const;

 private:
  enum Flag : std::uint8_t {
    seen = 1,
    excluded = 2,
    bottom = 4,
    same = 8,
    queued = 16,
    added = 32,
    read = 64
  };
  struct Waiting {
    std::uint64_t date;
    std::uint32_t found;
    Node node;
    bool operator<(const Waiting& other) const {
      return date != other.date ? date < other.date : found > other.found;
    }
  };

  std::uint8_t& flags(Node node);
  const CommitNode& parsed(Node node);
  bool has(Node node, Flag flag) const {
    return index_of(node) < flags_.size() && flags_[index_of(node)] & flag;
  }
  bool relevant(Node node) const { return !has(node, excluded) || has(node, bottom); }
  bool is_listed(Node node) const { return has(node, added) && !has(node, excluded) && !has(node, same); }

  std::uint32_t parent_count(Node node) const;
  Node parent(Node node, std::uint32_t nth) const;
  void push(Node node);
  Node pop();
  void exclude(Node node);
  void exclude_ancestors(Node node);
  void process(Node node);
  void simplify(Node node);
  bool same_tree(Node parent, Node child);
  bool still_interesting(std::uint64_t date, int& slop) const;

  CommitGraph& graph_;
  git_odb* odb_;
  const PathLimit& limit_;
  Ancestry ancestry_;
  std::priority_queue<Waiting> queue_;
  std::uint32_t found_ = 0;
  std::uint32_t interesting_queued_ = 0;
  std::vector<std::uint8_t> flags_;
  std::unordered_map<std::uint32_t, Node> followed_;  // merges of which only one parent is followed
  std::vector<Node> walked_, listed_;
};

}  // namespace kverdict::git
