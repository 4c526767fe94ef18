// The bisect question as a pure function: what the evidence allows to be said, or who is asked next.
// Order: the bad end must fail, the good ends and merge bases must pass, then the search method chooses, and
// before a culprit is named its parents are asked too.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/core/model/history.hpp"
#include "orchestrator/core/question/evidence.hpp"

namespace kverdict {

struct BisectRules {
  unsigned end_runs = 1;    // the bad end may take this many runs to fail; good ends must pass this many
  unsigned skip_limit = 0;  // give up after so many skipped candidates; 0 = never
};

struct Ask {
  CandidateId candidate;
  Purpose purpose = Purpose::search;
  std::string reason;
  std::size_t left = 0;  // candidates that may still be the culprit
  double steps = 0;      // estimate of the questions still to ask, this one included
};

struct Conclusion {
  enum class Kind {
    inconclusive,     // the evidence contradicts itself
    found,            // culprit
    only_skips_left,  // suspects: one of them, none can be tested
    ends_wrong,       // an end is not as claimed
  };
  Kind kind = Kind::inconclusive;
  CandidateId culprit;
  std::vector<CandidateId> suspects;
  std::string reason;
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
