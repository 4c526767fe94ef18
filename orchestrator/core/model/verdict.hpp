// What an outcome says of its candidate, given the hunted signature.
#pragma once

#include <string>

namespace kverdict {

enum class Verdict {
  nothing,  // the lab failed or the evidence is torn: ask again
  good,
  bad,
  skip,  // cannot be tested, or another bug hides the answer
};

// A verdict and the reason in words ("panicked with the hunted title", "another crash: ...").
struct Judgement {
  Verdict verdict = Verdict::nothing;
  std::string reason;
};

const char* to_string(Verdict verdict);

}  // namespace kverdict
