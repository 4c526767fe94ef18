// Which objects must be made when only these files changed, found without make's walk over the tree.
//
// kbuild records for every object, in dir/.name.o.cmd, its command and every file it was compiled from. So
// when all changed files are sources and headers, and every record that names one of them belongs to an
// ordinary object that ends in vmlinux, then making those objects, the archives they are in, and vmlinux
// gives what `make vmlinux` gives. Everything else means: make the whole tree. So do
//   - files that came or went and may matter, Makefiles, Kconfig, scripts, tools, linker scripts, tables;
//   - files that a Makefile, shell or perl script names itself (generators without record);
//   - objects that are no part of vmlinux's archives (vDSO, boot code, host programs, generated offsets);
//   - configurations that read sources in other ways (headers in the kernel, module versions, trimmed
//     exports, link-time optimisation, modules).
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orchestrator/images/kconfig.hpp"

namespace kverdict {

struct SelectivePlan {
  std::vector<std::string> objects;  // paths inside the output folder, sorted
  // Shell commands that make the archives again, innermost first, as kbuild recorded them.
  std::vector<std::string> archive_commands;
  bool operator==(const SelectivePlan&) const = default;
};

struct WholeTree {
  std::string reason;
};

// Changed headers whose change reaches only objects that mention one of these names (header_change.hpp).
using HeaderNames = std::map<std::string, std::set<std::string>>;

// What differs between what the output folder was built from and what the worktree holds.
struct SourceChange {
  std::set<std::string> files;      // all of them, as paths from the top of the tree
  HeaderNames headers;              // of those, the ones of which more is known
  std::vector<std::string> unmade;  // objects that a stopped build may have left unmade
};

// Reads the output folder and the worktree, changes nothing. Of the objects that a header's change cannot
// reach one is made nevertheless: a header that does not compile shows.
std::variant<WholeTree, SelectivePlan> plan_selective_build(const std::filesystem::path& worktree,
                                                            const std::filesystem::path& output,
                                                            const KernelConfig& config,
                                                            const SourceChange& change);

// Names of source files that Makefiles and scripts of the tree mention, written into the output folder by
// a whole build and read by plan_selective_build.
void record_mentioned_files(const std::filesystem::path& worktree, const std::filesystem::path& output);
bool has_mentioned_files(const std::filesystem::path& output);
// Must they be recorded again after a change of this file?
bool may_mention_files(std::string_view path);

}  // namespace kverdict
