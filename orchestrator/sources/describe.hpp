// `git describe` with bounded effort.
#pragma once

#include <string>
#include <unordered_map>

#include "orchestrator/sources/commit_graph.hpp"

namespace kverdict::git {

// The annotated tags of a clone by the commit they name.
class TagNames {
 public:
  TagNames(git_repository* repository, CommitGraph& graph);
  // "v6.1", "v6.1-12-gabcdef1234567", or empty when no annotated tag is near enough.
  std::string describe(CommitGraph& graph, Node node, const std::string& short_id) const;

 private:
  struct Tag {
    std::string name;
    std::int64_t tagged_at = 0;
  };
  void add(git_repository* repository, CommitGraph& graph, const char* ref);
  std::unordered_map<std::uint32_t, Tag> by_commit_;
};

}  // namespace kverdict::git
