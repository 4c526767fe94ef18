// The commits of a clone as far as they were asked for: id, tree, date, parents, read straight from the
// object store, a few dozen bytes each. What git's own walks work on.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "orchestrator/sources/git_library.hpp"

namespace kverdict::git {

enum class Node : std::uint32_t {};

struct CommitNode {
  git_oid id;
  git_oid tree;
  std::uint64_t date = 0;  // committer's, as git reads it
  std::uint32_t first_parent = 0;
  std::uint32_t parent_count = 0;
  bool parsed = false;
  bool shallow = false;  // its parents were not cloned
};

class CommitGraph {
 public:
  // Reads the list of shallow commits too; both must outlive the graph.
  CommitGraph(git_repository* repository, git_odb* odb);

  Node add(const git_oid& id);
  const CommitNode& parsed(Node node);  // reads the commit if it was not
  const CommitNode& at(Node node) const { return nodes_[static_cast<std::uint32_t>(node)]; }
  std::uint32_t parent_count(Node node) { return parsed(node).parent_count; }
  Node parent(Node node, std::uint32_t nth) const { return parents_[at(node).first_parent + nth]; }
  std::size_t size() const { return nodes_.size(); }

 private:
  struct HashOid {
    std::size_t operator()(const git_oid& id) const noexcept;
  };
  struct SameOid {
    bool operator()(const git_oid& a, const git_oid& b) const noexcept { return git_oid_equal(&a, &b); }
  };

  void parse(Node node);

  git_odb* odb_;
  std::vector<CommitNode> nodes_;
  std::vector<Node> parents_;
  std::unordered_map<git_oid, Node, HashOid, SameOid> by_id_;
};

constexpr std::uint32_t index_of(Node node) {
  return static_cast<std::uint32_t>(node);
}

}  // namespace kverdict::git
