// The paths a range is limited to, and whether two trees agree in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/sources/git_library.hpp"

namespace kverdict::git {

class PathLimit {
 public:
  // Plain paths, patterns, and the magic words top, literal, exclude (:/ and :!, :^ for short). UsageError
  // for other magic, and for paths that leave the tree. No path at all: no limit.
  explicit PathLimit(const std::vector<std::string>& paths);

  bool limits() const { return !wanted_.empty() || !excluded_.empty(); }
  bool matches(std::string_view path) const;
  // Do the trees agree in all that matches? A null tree is the empty one.
  bool same(git_odb* odb, const git_oid* before, const git_oid* after) const;

 private:
  struct Item {
    std::string text;
    std::vector<std::string> components;  // of a plain path
    bool pattern = false;
    bool matches(std::string_view path) const;
  };
  void add(std::string_view spec);
  std::vector<Item> wanted_, excluded_;
  bool plain_ = true;  // only plain wanted paths: compared without walking the trees
};

}  // namespace kverdict::git
