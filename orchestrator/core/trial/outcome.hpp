// What happened in one trial, as a fact. Opinions (good, bad, skip) are derived by judge.hpp and never
// stored.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "orchestrator/core/console/oops.hpp"

namespace kverdict {

// A number that a workload measured.
struct Metric {
  std::string name;  // "churn.connections"
  double value = 0;
  std::string unit;  // "1", "ms", "bit/s", ...
  bool operator==(const Metric&) const = default;
};

struct Outcome {
  enum class Kind {
    inconclusive,     // the lab failed; says nothing of the kernel
    passed,           // the workload ended and nothing was complained of
    crashed,          // at least one oops that counts
    hung,             // silent past the limit, with the machine alive; oopses may hold what NMI brought out
    build_failed,     // the candidate does not build
    boot_failed,      // the kernel never reached the workload, and no oops says why
    workload_failed,  // the workload said bad
    untestable,       // the workload said it cannot tell (exit 125)
    stopped,          // by us, before its end: it had become pointless; the exposure says what it survived
  };
  Kind kind = Kind::inconclusive;
  std::string detail;        // one line: what was seen, or what the lab failed at
  std::string log_tail;      // of a failed build or workload; bounded
  std::vector<Oops> oopses;  // in order of appearance; the first one names the crash
  std::vector<Metric> metrics;
  std::chrono::milliseconds exposure{0};  // time under workload, until its end or the first oops
  std::string workload;                   // which workload failed or was running
  std::string
      suspect;  // why it may be the host's fault and not the kernel's; empty = nothing speaks for that
  bool operator==(const Outcome&) const = default;
};

const char* to_string(Outcome::Kind kind);

}  // namespace kverdict
