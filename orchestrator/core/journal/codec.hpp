// One journal line <-> one entry. JSON, one object a line:
//   {"at":"2026-01-31T22:15:04.123Z","event":"trial_started","trial":3,...}
// Unknown keys are ignored, so that later versions may add facts; unknown events and missing keys are not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/core/journal/event.hpp"

namespace kverdict {

std::string encode(const Entry& entry);  // without the line feed

// Throws UsageError that says what is wrong with the line.
Entry decode_entry(std::string_view line);

struct JournalText {
  std::vector<Entry> entries;
  std::size_t whole_bytes = 0;  // where the last whole line ends
  std::size_t torn_bytes = 0;   // length of a torn last line, dropped
};

// A whole journal. A last line without its line feed, or whose bytes do not parse, is a write that the power
// cut or kill -9 tore: dropped and counted. Anything else that is wrong throws UsageError with `name`:LINE.
JournalText decode_journal(std::string_view text, const std::string& name);

// JSON of an outcome alone, for `--json`.
std::string encode_outcome(const Outcome& outcome);

}  // namespace kverdict
