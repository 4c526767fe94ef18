// How sure the named culprit is: the exact posterior over all candidates, with the rate at which the bug
// shows unknown. "Culprit c" means: x is bad iff c is an ancestor of x or x itself; a run of a bad x fails
// with probability p, a run of a good x with a small q. p and q are integrated out over a grid with the prior
// weights below: most bugs that are hunted show sometimes, some always, and hardly ever another failure
// carries the hunted name. Uniform prior over the candidates.
#pragma once

#include <vector>

#include "orchestrator/core/model/history.hpp"
#include "orchestrator/core/question/evidence.hpp"

namespace kverdict {

// One probability per position of the history; they sum to 1.
std::vector<double> culprit_posterior(const Range& range, const Evidence& evidence);

}  // namespace kverdict
