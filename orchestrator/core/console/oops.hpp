// One kernel complaint found in a transcript. Titles follow the convention of the field's public dashboards
// ("KASAN: use-after-free Read in F", "INFO: rcu detected stall in F"), so that they can be looked up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kverdict {

// One step of a call trace, innermost first. What the unwinder marked "?" is left out.
struct TraceFrame {
  std::string function;  // without offset; Rust paths in full
  std::string module;    // empty = built in
  bool operator==(const TraceFrame&) const = default;
};

struct Oops {
  std::string title;                      // at most 120 printable ASCII characters
  std::vector<std::string> alternatives;  // coarser names by which the same bug may show ("stall in F")
  std::string kind;                       // rule family: "gpf", "panic", "warning", "rcu_stall", ...
  std::string type;                       // "HANG", "WARNING", "DoS", "MEMORY_SAFETY_BUG", ...
  std::string frame;                      // function the title blames; empty = none found
  std::string taint;                      // letters of "Tainted:", empty = not tainted or not said
  bool corrupted = false;                 // torn report: "some crash", never "a different crash"
  bool complaint = false;        // no crash by itself, policy decides: OOM kill, allocation failure, ...
  bool panicked = false;         // the kernel said that it died of this, or after this
  std::uint64_t first_line = 0;  // line numbers in the transcript, from 0
  std::uint64_t last_line = 0;
  std::uint64_t begin = 0;  // bytes of the stream the report was found in: [begin, end)
  std::uint64_t end = 0;
  std::string process;               // "insmod"; empty = not said
  int pid = -1;                      // -1 = not said
  int cpu = -1;                      // -1 = not said
  std::vector<std::string> modules;  // "Modules linked in:", without their flags; bounded
  std::vector<TraceFrame> trace;     // the trace the frame was chosen from; bounded
  std::string why;                   // one line: why the report is torn; empty = it is whole
  bool operator==(const Oops&) const = default;
};

}  // namespace kverdict
