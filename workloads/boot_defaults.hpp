// How a kernel under test is told to fail loudly and fast. `time_scale` as in RunnerTraits: detectors that
// measure time wait longer on slower machines, so that a good kernel does not die of a busy host. Pure.
#pragma once

#include <map>
#include <string>

namespace kverdict {

std::map<std::string, std::string> default_sysctls(double time_scale);

// Without console and clock (the runner's). panic=-1: reset at once; with netconsole append panic=1, the
// last one counts, or the last lines are lost.
std::string default_cmdline(double time_scale);

}  // namespace kverdict
