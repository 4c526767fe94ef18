// A checkout of our own, beside the user's clone: a repository that borrows the clone's objects, and a
// directory with the files of one commit, fit for building again and again.
//
//   - A switch writes only what differs, so that make rebuilds only what changed. Files that change get a
//     time stamp later than anything built before; all others keep theirs.
//   - It may be killed at any moment: the next checkout compares every file with what it should be.
//   - Content is written as stored. No hook, filter or line-end conversion runs; submodules are empty
//     directories; nothing is written outside the directory, whatever the trees or symlinks say.
//
// All calls block. One process uses a worktree at a time (the caller holds a lock).
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "orchestrator/core/model/candidate.hpp"

namespace kverdict {

class GitWorktree {
 public:
  // `own` is made when it is not there. Nothing is checked out yet, nor is what is there believed.
  // UsageError when the clone cannot be used, InfraError when files cannot be written.
  GitWorktree(const std::filesystem::path& clone, const std::filesystem::path& own);
  GitWorktree(GitWorktree&&) noexcept;
  ~GitWorktree();

  const std::filesystem::path& directory() const;  // where the files are: <own>/tree

  struct Switch {
    std::size_t written = 0;
    std::size_t removed = 0;
  };
  // Makes the directory hold exactly the commit's files: patches and leftovers vanish.
  Switch checkout(const CandidateId& id);

  // Applies a patch (`diff -u` or `git diff`, with or without mail headers, paths with a/ and b/ before
  // them). All or nothing: UsageError when it does not apply to what is checked out. Patches add up.
  void apply_patch(const std::filesystem::path& patch);
  // Back to the commit as it was checked out.
  void undo_patch();

  // Id of the tree in the directory, patches included: equal ids mean equal sources.
  std::string tree() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kverdict
