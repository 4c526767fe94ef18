// A git clone as a source of candidates, read by libgit2. The clone is only read.
//
// Everything that can be wrong with a revision, a path or the clone is a UsageError. All calls block; a
// GitSource may be used from one thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/core/model/candidate.hpp"
#include "orchestrator/core/model/history.hpp"

namespace kverdict {

enum class Ancestry {
  all,           // every commit between the ends
  first_parent,  // only the line of first parents, as `git bisect start --first-parent`
};

struct RangeSpec {
  std::string bad;                 // any revision git knows
  std::vector<std::string> goods;  // at least one
  Ancestry ancestry = Ancestry::all;
  // Only commits that change one of these, as `git bisect start -- paths`, from the top of the tree. Plain
  // paths, patterns (*.c), :(exclude) or :!, :(top) or :/, :(literal), :(glob).
  std::vector<std::string> paths = {};
};

class GitSource {
 public:
  // `path` is anywhere in a clone; bare ones and linked worktrees will do.
  static GitSource open(const std::filesystem::path& path);
  GitSource(GitSource&&) noexcept;
  ~GitSource();

  // The candidates in the order of `git rev-list <bad> ^<good>...`. With paths, where `bad` itself changes
  // none of them, range.bad is the newest commit that does.
  Range resolve(const RangeSpec& spec);

  CandidateId commit_of(const std::string& revision);                            // any revision git knows
  bool is_ancestor(const CandidateId& ancestor, const CandidateId& descendant);  // reflexive
  CandidateInfo describe(const CandidateId& id);  // text is bounded and free of control characters
  std::string tree_of(const CandidateId& id);     // id of the commit's tree
  // Files that differ between two commits, from the top of the tree, sorted.
  std::vector<std::string> changed_paths(const CandidateId& from, const CandidateId& to);
  // A file's bytes in a commit; none when there is no such regular file, or it is longer than `most`.
  std::optional<std::string> file_at(const CandidateId& id, const std::string& path, std::size_t most);
  // What `git describe` would say ("v6.1-12-gabcdef"), or an abbreviated id when no tag is near.
  std::string name(const CandidateId& id);

 private:
  struct State;
  explicit GitSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kverdict
