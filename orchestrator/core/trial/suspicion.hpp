// Was it the kernel, or a host that did not let it run? Pure.
#pragma once

#include <string>

#include "orchestrator/core/trial/outcome.hpp"
#include "runners/boot.hpp"

namespace kverdict {

// Soft lockups, RCU stalls, hung tasks and hangs measure time, and a guest on a starved host loses it. One
// line that says why such a failure is not to be believed at once; empty = nothing speaks against it.
std::string suspicion(const Outcome& outcome, const HostPressure& host);

// "load 4.5 a processor, a process waited for one 80 % of the time, 3 % of the time stolen"
std::string to_text(const HostPressure& host);

}  // namespace kverdict
