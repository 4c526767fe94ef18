// The programs a kernel build needs: are they there, and which ones exactly.
#pragma once

#include <string>
#include <vector>

#include "runners/host/task.hpp"

namespace kverdict {

class Clock;

struct MissingTool {
  std::string name;     // "flex", "openssl/opensslv.h"
  std::string package;  // Debian's name: "flex", "libssl-dev"
  bool operator==(const MissingTool&) const = default;
};

// Looks for them in PATH and the compiler's header folders without running anything.
std::vector<MissingTool> missing_build_tools();
// Throws UsageError that names all that is missing and the command that installs it.
void require_build_tools();
bool has_program(const std::string& name);  // in PATH

// What tells one compiler and linker from another: their version texts. `compiler` as in CC=, may hold
// several words. Throws InfraError when they do not run.
Task<std::string> toolchain_id(Clock& clock, std::vector<std::string> compiler);

}  // namespace kverdict
