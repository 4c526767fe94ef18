// Starts one program in a process group of its own, under a supervisor of ours. Used by run_child only.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "runners/host/fd.hpp"

namespace kverdict {

struct LaunchSpec {
  std::filesystem::path program;  // absolute, or relative to `directory`
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // NAME=value, all of it
  std::filesystem::path directory;       // empty = ours
  int input = -1;                        // becomes stdin
  int output = -1;                       // becomes stdout, and stderr without the next
  int errors = -1;                       // becomes stderr
  int niceness = 0;                      // on top of ours
};

// To the supervisor: end the program's group now. SIGTERM is passed on to the group.
constexpr int k_end_group = SIGUSR2;

struct Launched {
  pid_t supervisor = 0;  // our child; ends as the program ended, when its group is empty
  Fd exit_notice;        // pidfd of it: readable when it ended
};

// Throws InfraError with the system's words.
Launched launch(const LaunchSpec& spec);

}  // namespace kverdict
