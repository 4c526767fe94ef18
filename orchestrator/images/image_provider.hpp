// Candidate -> bootable kernel. Implementations: build_provider (make in a worktree), later packages.
#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/core/model/candidate.hpp"
#include "runners/boot.hpp"
#include "runners/host/task.hpp"

namespace kverdict {

struct BuiltImage {
  KernelImage image;
  bool from_cache = false;
  std::string code_digest;            // equal digests: the same code in memory, whatever the build id says
  std::vector<std::string> warnings;  // what the user should know of this kernel: configuration lost, ...
  std::chrono::milliseconds took{0};
};

// The candidate itself does not build: a fact about it (verdict skip), with the end of the log.
struct BuildFailure {
  std::string detail;    // one line: the first error of the compiler or make
  std::string log_tail;  // last lines, bounded
  std::chrono::milliseconds took{0};
};

using ImageResult = std::variant<BuildFailure, BuiltImage>;

class ImageProvider {
 public:
  virtual ~ImageProvider() = default;
  // One call at a time per provider; cancelling stops the build and leaves a state from which the next
  // build is still correct. Throws InfraError for what is the lab's fault: time-out, full disk, killed
  // compiler, missing tool.
  virtual Task<ImageResult> image_for(CandidateId id) = 0;
};

}  // namespace kverdict
