// The lines of one report -> the oops they tell. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/core/console/lines.hpp"
#include "orchestrator/core/console/oops.hpp"
#include "orchestrator/core/console/rules.hpp"
#include "orchestrator/core/console/trace.hpp"

namespace kverdict {

struct ReportLine {
  std::uint64_t number = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string text;
  BodyStep::Kind kind = BodyStep::Kind::text;
  bool other_header = false;  // another complaint begins here
  bool own = true;            // of the same task or CPU as the header
  bool stamped = true;        // a kernel line, as far as one can tell
};

// A header and what followed it.
struct Report {
  std::vector<ReportLine> lines;   // the first one is the header
  std::vector<const Rule*> rules;  // whose header fits, in order of preference
  std::size_t cue = 0;             // where in the header the rules' cue stands
  std::size_t frames = 0;          // own ones, reliable
  bool panicked = false;
  bool cut = false;  // it ended before its end was seen
};

// What the report says now; may be torn. None = the header alone is no complaint, and nothing followed that
// makes it one.
std::optional<Oops> read_report(const Report& report);
// Appends a line; `step` is what read_step() says of its text.
void append(Report& report, ReportLine line, const BodyStep& step);

}  // namespace kverdict
