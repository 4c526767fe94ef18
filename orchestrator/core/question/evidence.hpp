// Evidence: everything the journal's trials say, candidate by candidate, given what is hunted. Derived from
// the state each time; never stored.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/core/journal/state.hpp"
#include "orchestrator/core/trial/judge.hpp"

namespace kverdict {

// One run as evidence: what it says of the hunted failure, and nothing else.
struct Run {
  enum class Kind {
    clean,   // survived its exposure; that it was then stopped, or died of something else, says no more
    failed,  // the hunted failure, after this exposure
  };
  Kind kind = Kind::clean;
  std::uint32_t trial = 0;
  std::chrono::milliseconds exposure{0};  // under load
  std::chrono::milliseconds soak{0};      // how long it was to be under load; 0 = as configured
  bool whole = false;                     // clean, and ran to the end of what was configured
  std::string machine;
};

struct Standing {
  Verdict verdict = Verdict::nothing;  // bad if any run was bad, else good if any was good, else skip
  std::string reason;                  // of the run that decided
  unsigned bad = 0, good = 0, skipped = 0, lab_errors = 0, unclear = 0, stopped = 0;  // runs
  unsigned broken = 0;   // skipped runs that never came under load: it does not build or boot
  unsigned foreign = 0;  // skipped runs that died of something else under load
  bool marked = false;   // the verdict is a person's word
  std::chrono::milliseconds exposure{0};    // under workload, all runs together
  std::vector<std::uint32_t> trials;        // numbers, oldest first
  std::vector<Run> record;                  // the runs that are evidence, oldest first
  std::optional<CandidateId> same_code_as;  // verdict taken over: the kernel was byte for byte that one
  // Another bug that shows now and then hides the answer of one run; one that always shows, of all.
  bool untestable() const {
    return broken > 0 || (marked && verdict == Verdict::skip) ||
           (foreign >= k_foreign_limit && bad + good == 0);
  }
  static constexpr unsigned k_foreign_limit = 5;
  unsigned runs() const { return bad + good + skipped + lab_errors + unclear; }  // stopped ones not counted
};

struct Evidence {
  std::map<CandidateId, Standing> standings;
  Signature hunted;
  bool learnt = false;  // from the bad end, not given

  const Standing& of(const CandidateId& id) const;  // a blank one when never asked
};

// Runs whose report was torn are asked again at most this often before the candidate is a skip.
constexpr unsigned k_unclear_limit = 3;

Evidence weigh(const State& state, const HuntPolicy& hunt);

// The failure that stands for the bad end: what a signature is learnt from. Null = the bad end never failed.
const Outcome* failure_at_bad_end(const State& state);

}  // namespace kverdict
