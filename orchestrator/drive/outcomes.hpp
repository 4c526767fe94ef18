// Outcomes of trials that no guest decided.
#pragma once

#include "orchestrator/core/trial/outcome.hpp"
#include "orchestrator/images/image_provider.hpp"

namespace kverdict {

Outcome lab_outcome(const std::string& what);        // the lab failed at this
Outcome build_outcome(const BuildFailure& failure);  // the candidate does not build
Outcome stopped_outcome(const std::string& why);     // by us, before the guest was up

}  // namespace kverdict
