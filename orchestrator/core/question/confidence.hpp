// How sure a culprit is, whatever the method that named it: the posterior (search/posterior.hpp) over all
// candidates after the evidence, each as likely as the next beforehand.
#pragma once

#include <vector>

#include "orchestrator/core/model/history.hpp"
#include "orchestrator/core/question/evidence.hpp"

namespace kverdict {

// One probability per position of the history; they sum to 1.
std::vector<double> culprit_posterior(const Range& range, const Evidence& evidence);

}  // namespace kverdict
