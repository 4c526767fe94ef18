// A child process in its own process group that dies with us (parent-death signal) and whose whole group
// is killed when it is cancelled, times out, or its owner goes away.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runners/host/clock.hpp"
#include "runners/host/task.hpp"

namespace kverdict {

struct Command {
  std::vector<std::string> argv;           // argv[0] is looked up in PATH
  std::filesystem::path directory;         // empty = ours
  std::map<std::string, std::string> env;  // added to (and overriding) our environment
  std::filesystem::path output;            // stdout and stderr go here (truncated first); empty = captured
  std::filesystem::path errors;            // stderr goes here instead (truncated first); empty = with stdout
  std::optional<std::string> input;        // bytes for stdin; none = /dev/null
  std::chrono::milliseconds limit{0};      // 0 = none; past it: SIGTERM, 2 s, SIGKILL to the group
  std::size_t capture_limit = 1 << 20;     // captured output beyond this keeps its tail
  int niceness = 0;
};

struct ChildEnd {
  enum class How { exited, signalled, timed_out };
  How how = How::signalled;
  int code = -1;       // exit code or signal number
  std::string output;  // captured stdout and stderr, interleaved
  bool ok() const { return how == How::exited && code == 0; }
};

// Throws UsageError when argv[0] does not exist (naming it), InfraError when a process cannot be made.
// Cancelling the task ends the group (SIGTERM, then SIGKILL) before the cancellation is reported.
Task<ChildEnd> run_child(Clock& clock, Command command);

// For destructors, which cannot wait otherwise: blocks until it ended or `limit`, which it needs, is over.
// Nothing is captured. True when it exited with 0; never throws.
bool run_child_blocking(const Command& command) noexcept;

}  // namespace kverdict
