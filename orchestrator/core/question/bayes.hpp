// The plan by the posterior: what plan.hpp promises, for method bayes.
#pragma once

#include "orchestrator/core/question/plan.hpp"

namespace kverdict {

Plan plan_bayes(const Question& question);

}  // namespace kverdict
