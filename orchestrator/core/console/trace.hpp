// Reads the body of a report: call traces, instruction pointers, and who was running. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "orchestrator/core/console/oops.hpp"

namespace kverdict {

// What one line of a report's body says.
struct BodyStep {
  enum class Kind {
    text,         // nothing of these
    trace_start,  // "Call Trace:", "Backtrace:", "backtrace:", a lockdep chain entry
    other_trace,  // a trace of the past: "Allocated by task 1:", "Freed by", "Uninit was created at:"
    frame,
    pointer,   // RIP, PC, NIP, epc, PSW of the kernel
    intruder,  // another report is mixed into this one
    user,      // an instruction pointer of user space: the trace ends here
  };
  Kind kind = Kind::text;
  bool has_name = false;  // a pointer or frame with a symbol
  bool reliable = true;
  bool inlined = false;  // "[inline]" of a symbolized report
  std::string_view function;
  std::string_view caller_function;  // the right side of ARM's "(a) from (b+0x1/0x2)"
  std::string_view module;
};

// A step of a live call trace.
struct NamedFrame {
  std::string_view function;
  std::string_view module;
};

BodyStep read_step(std::string_view text);

// "CPU: 0 PID: 12 Comm: insmod Tainted: G OE 6.1": fills what the line says.
void read_who(std::string_view text, Oops& oops);

}  // namespace kverdict
