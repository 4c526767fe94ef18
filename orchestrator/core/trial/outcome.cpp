#include "orchestrator/core/trial/outcome.hpp"

namespace kverdict {

const char* to_string(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::inconclusive:
      return "inconclusive";
    case Outcome::Kind::passed:
      return "passed";
    case Outcome::Kind::crashed:
      return "crashed";
    case Outcome::Kind::hung:
      return "hung";
    case Outcome::Kind::build_failed:
      return "build failed";
    case Outcome::Kind::boot_failed:
      return "boot failed";
    case Outcome::Kind::workload_failed:
      return "workload failed";
    case Outcome::Kind::untestable:
      return "untestable";
    case Outcome::Kind::stopped:
      return "stopped";
  }
  return "?";
}

}  // namespace kverdict
