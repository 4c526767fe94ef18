// Starts the programs of a step.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "orders.hpp"
#include "sys.hpp"

namespace kvguest {

struct Program {
  const Words& argv;
  const std::vector<std::pair<std::string, std::string>>& env;
  const Fd* space = nullptr;  // network namespace; none = ours
  int output = -1;            // stdout; stderr goes to errors
  int errors = -1;
};

struct Spawned {
  pid_t pid = -1;
  std::string error;  // not empty: not started
};

// In a process group of its own, with /kv/files as its folder.
Spawned spawn(const Program& program);

}  // namespace kvguest
