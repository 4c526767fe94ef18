// Fix-up patches on a worktree.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace kverdict {

class GitWorktree;

// Applies them in order; one whose change is in the sources already is left out. Returns the files they
// touch. `scratch` is a folder for a short-lived file. Throws UsageError naming a patch that neither
// applies nor is in already.
std::set<std::string> apply_fixups(GitWorktree& worktree, const std::vector<std::filesystem::path>& patches,
                                   const std::filesystem::path& scratch);

}  // namespace kverdict
