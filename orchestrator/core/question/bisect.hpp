// The bisect question as a pure function: what the evidence allows to be said, or who is asked next.
// Order: the bad end must fail, the good ends and merge bases must pass, then the search method chooses, and
// before a culprit is named its parents are asked too.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/core/model/history.hpp"
#include "orchestrator/core/question/evidence.hpp"

namespace kverdict {

enum class Method {
  classic,  // git's answers: one run settles a candidate
  bayes,    // every run is evidence; the rate at which the bug shows is learnt
};

enum class Find {
  regression,  // from a candidate on it fails
  fix,         // from a candidate on it does not fail any more: the bad end passes, the good ends fail
  any_change,  // from a candidate on it fails more often than before, which need not be never
};

enum class Ends {
  check,    // must be seen to fail, and to pass
  trusted,  // are as the user says
};

// How long a run may be under load. Without a longest the workload runs as configured and is never shortened.
struct Soak {
  std::chrono::milliseconds shortest{0}, longest{0};
};

// Runs of the bad end made before this session (bug history, earlier sessions).
struct Known {
  unsigned failed = 0, passed = 0;
};

struct BisectRules {
  unsigned end_runs = 1;    // the bad end may take this many runs to fail; good ends must pass this many
  unsigned skip_limit = 0;  // give up after so many skipped candidates; 0 = never
  Method method = Method::classic;
  double confidence = 0.99;  // bayes: how probable the culprit must be
  Find find = Find::regression;
  Ends ends = Ends::check;
  Soak soak;
  Known known;
  std::vector<double> prior;  // by position, any scale; empty = each candidate is as likely as the next
};

struct Ask {
  CandidateId candidate;
  Purpose purpose = Purpose::search;
  std::string reason;
  std::size_t left = 0;               // candidates that may still be the culprit
  double steps = 0;                   // estimate of the questions still to ask, this one included
  std::chrono::milliseconds soak{0};  // how long it is to be under load; 0 = as configured
};

struct Ranked {
  CandidateId candidate;
  double probability = 0;
  bool operator==(const Ranked&) const = default;
};

struct Conclusion {
  enum class Kind {
    inconclusive,     // the evidence contradicts itself
    found,            // culprit
    only_skips_left,  // suspects: one of them, none can be tested
    ends_wrong,       // an end is not as claimed
    narrowed,         // the time is over: suspects, best first
  };
  Kind kind = Kind::inconclusive;
  CandidateId culprit;
  std::vector<CandidateId> suspects;
  std::string reason;
  std::vector<Ranked> ranking;      // the likeliest first, bounded; bayes only
  std::vector<std::string> doubts;  // what the model cannot explain, a sentence each
  bool operator==(const Conclusion&) const = default;
};

using Decision = std::variant<Conclusion, Ask>;

// All parents of a candidate, those outside the history included.
using ParentsOf = std::function<std::vector<CandidateId>(const CandidateId&)>;

Decision decide(const Range& range, const Evidence& evidence, const BisectRules& rules,
                const ParentsOf& parents_of);

// Who would be asked next if the running question were answered bad, then good: the images worth building
// ahead, most likely first.
std::vector<CandidateId> likely_next(const Range& range, const Evidence& evidence, const BisectRules& rules,
                                     const ParentsOf& parents_of, const Ask& running);

// Exit code of `run` (DESIGN: 0 found, 3 inconclusive, 5 ends not as claimed).
int exit_code(const Conclusion& conclusion);

}  // namespace kverdict
