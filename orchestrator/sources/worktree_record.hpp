// What is known of a worktree's files between two runs: a few lines in a file, replaced in one step.
#pragma once

#include <time.h>

#include <filesystem>
#include <optional>
#include <string>

namespace kverdict::git {

struct WorktreeRecord {
  std::string boot;    // of the host: after a power cut what was written last may be lost
  std::string base;    // tree of the commit checked out
  std::string tree;    // tree in the directory: base with patches applied
  timespec stamp{};    // the last one given to files
  timespec settled{};  // files whose status changed at this time or later were touched since

  // None: nothing is known, or a switch did not end.
  static std::optional<WorktreeRecord> load(const std::filesystem::path& path);
  void save(const std::filesystem::path& path) const;
};

std::string host_boot();

inline bool before(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

}  // namespace kverdict::git
