#include "orchestrator/images/fixups.hpp"

#include <optional>

#include "orchestrator/images/configuration.hpp"
#include "orchestrator/sources/worktree.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_max_patch = 64 << 20;

// Why the patch did not apply; none = it did.
std::optional<std::string> refusal(GitWorktree& worktree, const fs::path& patch) {
  try {
    worktree.apply_patch(patch);
    return std::nullopt;
  } catch (const UsageError& error) {  // expected: the change may be in the sources already
    return error.what();
  }
}

void apply_all(GitWorktree& worktree, const std::vector<fs::path>& patches) {
  for (const auto& patch : patches) worktree.apply_patch(patch);
}

// Is the patch in already? Then its reverse applies. The worktree has `before` applied, also after.
bool is_in(GitWorktree& worktree, const fs::path& patch, const std::vector<fs::path>& before,
           const fs::path& scratch) {
  const auto reverse = scratch / "reversed.patch";
  write_file(reverse, reversed_patch(read_file(patch, k_max_patch)));
  const bool applies = !refusal(worktree, reverse);
  std::error_code error;
  fs::remove(reverse, error);
  if (!applies) return false;
  worktree.undo_patch();
  apply_all(worktree, before);
  return true;
}

}  // namespace

std::set<std::string> apply_fixups(GitWorktree& worktree, const std::vector<fs::path>& patches,
                                   const fs::path& scratch) {
  std::vector<fs::path> applied;
  std::set<std::string> touched;
  for (const auto& patch : patches) {
    for (auto& path : paths_of_patch(read_file(patch, k_max_patch))) touched.insert(std::move(path));
    const auto reason = refusal(worktree, patch);
    if (!reason) {
      applied.push_back(patch);
    } else if (!is_in(worktree, patch, applied, scratch)) {
      worktree.undo_patch();
      throw UsageError("fix-up " + patch.string() +
                       " does not apply to a candidate of its range: " + *reason);
    }
  }
  return touched;
}

}  // namespace kverdict
