// Which commits two sides have in common: git's paint_down_to_common() and remove_redundant().
#pragma once

#include <vector>

#include "orchestrator/sources/commit_graph.hpp"

namespace kverdict::git {

// The best common ancestors of `one` and a merge of `others`, newest first, as `git merge-base --all`.
std::vector<Node> merge_bases(CommitGraph& graph, Node one, const std::vector<Node>& others);

}  // namespace kverdict::git
