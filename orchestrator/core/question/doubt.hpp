// Doubt: what the model cannot explain. Each candidate's runs are foretold from all the others; what was seen
// and is foretold in fewer than one of a thousand sessions is said, never averaged away. The same for each
// machine.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/core/question/belief.hpp"

namespace kverdict {

// A sentence each; empty when all is as the model expects.
std::vector<std::string> doubts(const Belief& belief);

}  // namespace kverdict
