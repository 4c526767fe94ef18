// What differs between two trees, found by walking only where their ids differ. Trees are hostile input:
// names that would leave a checkout or touch a .git folder are refused.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/sources/git_library.hpp"

namespace kverdict::git {

enum class EntryKind { file, executable, symlink, submodule, directory };

struct TreeEntry {
  std::string name;
  EntryKind kind = EntryKind::file;
  git_oid id;
};

// One path that differs; a side is null where the path does not exist there. Never a directory.
struct TreeChange {
  std::string_view path;
  const TreeEntry* before = nullptr;
  const TreeEntry* after = nullptr;
};

// What the visitor wants next.
enum class Visit { more, enough };

// Entries sorted by name (not git's order, which sorts directories as if they ended in '/').
std::vector<TreeEntry> read_tree(git_odb* odb, const git_oid& id);

std::optional<TreeEntry> find_entry(git_odb* odb, const git_oid& tree, std::string_view name);

// A null side is the empty tree. Paths come sorted by component.
void diff_trees(git_odb* odb, const git_oid* before, const git_oid* after,
                const std::function<Visit(const TreeChange&)>& visit);

}  // namespace kverdict::git
