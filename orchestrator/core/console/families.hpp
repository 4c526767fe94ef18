// Which functions of a trace are worth naming: families of frames that only carry the news, and pickers for
// reports whose innermost frame is accidental. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/core/console/trace.hpp"

namespace kverdict {

// Sanitizer and report glue, allocators, locks, atomics, copies, lists, timers, work, waits, wrappers.
bool is_glue(std::string_view function);

// The frame before the first anchor (system call entry, softirq, timer, work, file and socket dispatch): a
// spinning kernel is caught anywhere inside of it. Empty = no anchor.
std::string_view pick_stalled(const std::vector<NamedFrame>& frames);
// The first frame that is neither scheduler nor lock nor wait. Empty = none.
std::string_view pick_hung(const std::vector<NamedFrame>& frames);

// Are the flavours of synchronize_rcu and of smp_call_function one function?
enum class Flavours { apart, joined };

// The names a function goes by in titles, the first one is the title's: "__x64_sys_read" -> sys_read, and
// itself; "compat_SyS_mount" -> mount, and itself.
std::vector<std::string> names_of(std::string_view function, Flavours flavours);

}  // namespace kverdict
