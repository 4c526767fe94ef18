// What an output folder holds, written down beside it so that the next build knows: from which candidate,
// with which configuration, and whether everything in it is up to date. Removed while make walks the whole
// tree: a folder without state was left by a build that was interrupted, and is cleaned before it is used.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/core/model/candidate.hpp"

namespace kverdict {

struct BuildState {
  // What the objects were built from: the last candidate that was made whole, and the ones tried since.
  std::vector<CandidateId> candidates;
  std::string config_key;  // digest of what .config was made from; empty = .config is not usable
  bool whole = false;      // a build of the whole tree ended well, and since then only `pending` changed
  std::set<std::string> pending;      // files that a patch changed in builds since then
  std::vector<std::string> making;    // objects that a build was making when it was stopped, or is making
  std::vector<std::string> warnings;  // of the configuration
  bool operator==(const BuildState&) const = default;
};

// None: no folder, a fresh one, or one that was left in the middle of a build.
std::optional<BuildState> load_build_state(const std::filesystem::path& output);
void store_build_state(const std::filesystem::path& output, const BuildState& state);

// Before make runs: no state any more, and a time stamp that later tells what this build wrote.
void begin_build(const std::filesystem::path& output);

// Is kbuild's record of how a file was made (dir/.name.cmd) complete, and no half of one?
bool is_whole_record(std::string_view text);

// Removes what an interrupted build may have left half written: of the files written since it began, all
// that make did not finish (their command record is missing, older, or torn). Returns how many.
unsigned remove_unfinished_files(const std::filesystem::path& output);

}  // namespace kverdict
