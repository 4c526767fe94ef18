// How kernels are built: a plain value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/core/model/candidate.hpp"
#include "runners/host/clock.hpp"

namespace kverdict {

// A patch without which some candidates do not build: applied before the build, taken off after.
struct BuildFixup {
  std::filesystem::path patch;
  // Is the candidate inside the patch's range? Empty = every candidate. May throw UsageError.
  std::function<bool(const CandidateId&)> covers;
};

enum class BuildGoal {
  automatic,  // vmlinux when it can be booted directly, else bzImage
  vmlinux,
  bzimage,
};

enum class CompilerCache { automatic, on, off };  // automatic: when ccache is installed

struct BuildOptions {
  std::filesystem::path clone;     // the user's repository, only read
  std::filesystem::path worktree;  // our own checkout, made when missing
  std::filesystem::path output;    // make's O=, made when missing
  std::filesystem::path cache;     // built kernels, object counts, ccache's files; shared by sessions
  std::uint64_t cache_limit = 20'000'000'000;  // bytes, for built kernels
  std::filesystem::path base = "allnoconfig";  // allnoconfig, tinyconfig, *defconfig, or a file
  std::vector<std::filesystem::path> fragments;
  std::map<std::string, std::string> make_variables;
  std::string arch = "x86_64";
  BuildGoal goal = BuildGoal::automatic;
  CompilerCache ccache = CompilerCache::automatic;
  unsigned jobs = 0;  // 0 = one per processor
  int niceness = 5;
  Millis limit = std::chrono::minutes{45};
  std::vector<BuildFixup> fixups;  // in the order of application
};

enum class BuildPhase { checkout, configure, compile, link, store };

struct BuildProgress {
  CandidateId candidate;
  BuildPhase phase = BuildPhase::checkout;
  unsigned done = 0;      // objects made so far
  unsigned expected = 0;  // objects of the last full build, or a guess; 0 = unknown
};

}  // namespace kverdict
