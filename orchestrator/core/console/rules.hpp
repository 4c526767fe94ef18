// The table of what a kernel complains about, and how each complaint is named. A new kind is a new row, and
// comes with its transcript. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kverdict {

// Where the blamed function stands.
enum class FramePlan : std::uint8_t {
  none,     // the header says it all
  trace,    // first worthy frame of the call trace, else the instruction pointer
  pointer,  // the instruction pointer, else the call trace
  header,   // the header's {f}, when it is worthy; else as trace
  stall,    // before an anchor
  hung,     // past the waits
  site,     // the first "at: f+0x1/0x2" of a lock line, else as chain
  chain,    // first worthy frame of any trace, those of the past too
  body,     // the {f} of Rule::body, else as trace
};

// How much of a report must be there.
enum class Wholeness : std::uint8_t {
  trace,   // without a trace it is torn
  header,  // one line is a whole report
  torn,    // this header never tells enough
};

// Is it a crash by itself, or does policy decide?
enum class Gravity : std::uint8_t {
  crash,
  complaint,  // OOM kill, allocation failure, file system errors: the kernel lives on by design
};

struct Rule {
  std::string_view cue;     // literal that finds the header fast: ends with ':' or starts the text
  std::string_view header;  // pattern (pattern.hpp), tried at the cue
  std::string_view body;    // pattern that some line of the report must begin with; empty = none
  std::string_view title;   // "{F}" the frame, "{1}" "{2}" captures of header, then of body
  std::string_view coarse;  // alternative title: "bad-access in {F}"
  std::string_view kind;
  std::string_view type;
  FramePlan plan = FramePlan::trace;
  Wholeness whole = Wholeness::trace;
  std::string_view skip = "";  // frames this kind of report skips besides the families
  Gravity gravity = Gravity::crash;
};

std::span<const Rule> all_rules();

// Kernel lines that begin like a complaint and are none.
bool is_benign(std::string_view header);

// A header in a line: where its cue stands. npos = none. Fast: reads the line once.
struct Cue {
  std::size_t at = std::string_view::npos;
  bool found() const { return at != std::string_view::npos; }
};
Cue find_cue(std::string_view text);

// The rules whose header fits, in order of preference; none = no header after all.
struct Header {
  std::vector<const Rule*> rules;
  std::size_t at = 0;  // where their cue stands
};
Header header_in(std::string_view text);

}  // namespace kverdict
