#include "orchestrator/drive/outcomes.hpp"

namespace kverdict {

Outcome lab_outcome(const std::string& what) {
  Outcome outcome;
  outcome.detail = what;
  return outcome;
}

Outcome build_outcome(const BuildFailure& failure) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::build_failed;
  outcome.detail = failure.detail;
  outcome.log_tail = failure.log_tail;
  return outcome;
}

Outcome stopped_outcome(const std::string& why) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::stopped;
  outcome.detail = why;
  return outcome;
}

}  // namespace kverdict
