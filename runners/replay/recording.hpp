// A recorded boot, to be played again. Pure. The format is that of a trial's transcript.log:
//
//       12    0.834 s| [    0.412345] Linux version 6.1.0
//
// line number (may be left out), seconds since power-on, sources (s serial, n netconsole, m memory; a digit
// behind them is the level of a numbered record), "| ", the line; \xNN and \\ stand for bytes. A line with
// several sources is said by each of them. Lines that start with "..." are gaps; records "that no channel
// brought" are missing from the numbers, too. Lines that start with "!" direct:
//
//   ! 3.500 exit powered_off      how and when it ends (or lost, or destroyed; more words are the detail)
//   ! stays                       it never ends by itself
//   ! nmi, ! sysrq, ! memory      what follows is said when so provoked, seconds counted from there
//
// Without "exit" and "stays" it powers off after its last line. A file in which no line has the format is
// a raw console: said at once.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runners/boot.hpp"

namespace kverdict {

struct RecordedChunk {
  std::chrono::milliseconds at{0};
  ConsoleChunk chunk;
};

struct RecordedExit {
  std::chrono::milliseconds at{0};
  GuestExit exit;
};

// What is said from power-on, or from a provocation.
struct RecordedScene {
  std::vector<RecordedChunk> chunks;  // in order of time
  std::optional<RecordedExit> exit;   // none: silence
};

struct Recording {
  RecordedScene boot;
  std::optional<RecordedScene> on_nmi;
  std::optional<RecordedScene> on_sysrq;
  std::optional<RecordedScene> on_memory;
};

// Throws UsageError naming file and line for a direction that is none; `name` is for that message.
Recording parse_recording(std::string_view text, const std::string& name);

}  // namespace kverdict
