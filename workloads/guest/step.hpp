// Runs one step: its servers in the peer namespace, then its program, with a limit.
#pragma once

#include <string>

#include "orders.hpp"
#include "sys.hpp"

namespace kvguest {

// Reports everything but a program that cannot be started at all: that is the lab's mistake, returned as
// text. Afterwards no process of the step is left, other than one stuck in the kernel.
std::string run_step(const Step& step, const Fd& peer);

}  // namespace kvguest
