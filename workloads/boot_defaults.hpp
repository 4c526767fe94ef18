// How a kernel under test is told to fail loudly and fast. `time_scale` as in RunnerTraits: detectors that
// measure time wait longer on slower machines, so that a good kernel does not die of a busy host. Pure.
#pragma once

#include <map>
#include <string>

namespace kverdict {

std::map<std::string, std::string> default_sysctls(double time_scale);

// Without console and clock (the runner's). panic=5: a kernel that died waits so long for its last lines to
// go out, and for its memory to be read; nobody waits for its reset.
std::string default_cmdline(double time_scale);

}  // namespace kverdict
