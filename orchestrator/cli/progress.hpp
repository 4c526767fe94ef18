// What a running session shows on stderr: on a terminal one line that is drawn again, with an estimate of the
// time left; elsewhere one line per step. Rendering is pure; ProgressLine writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/cli/terminal.hpp"
#include "orchestrator/cli/units.hpp"
#include "orchestrator/core/model/verdict.hpp"

namespace kverdict {

enum class Activity { preparing, building, booting, stressing, judging, finishing };
const char* to_string(Activity activity);

// A session at one moment.
struct ProgressView {
  std::uint32_t trial = 0;        // the one under way, 1, 2, ...
  std::uint32_t trials_left = 0;  // estimate, the one under way included
  std::uint64_t candidates_left = 0;
  Activity activity = Activity::preparing;
  std::size_t beside = 0;  // further trials at the same time
  std::string candidate;   // short id
  std::string subject;
  Millis activity_elapsed{0};
  std::optional<Millis> activity_expected;
  std::string detail;          // of the activity: "436 of ~873 objects"
  Millis elapsed{0};           // of the session, all its runs
  std::optional<Millis> left;  // until the end
};

// A trial that ended.
struct StepView {
  std::uint32_t trial = 0;
  std::string candidate;
  std::string subject;
  std::string purpose;  // "bad end", "good end", ...; empty for a plain step of the search
  Verdict verdict = Verdict::nothing;
  std::string reason;
  Millis build{0};
  Millis run{0};
  std::uint64_t candidates_left = 0;
  std::uint32_t trials_left = 0;
  std::optional<Millis> left;
};

// "3 s", "2 min 05 s", "1 h 12 min"
std::string brief(Millis duration);

// One line of at most terminal.width columns, without line end.
std::string render_progress(const ProgressView& view, const Terminal& terminal);
// One whole line, without line end.
std::string render_step(const StepView& view, const Terminal& terminal);

// Estimates from what trials took so far. The first build of a session is not like the others.
class Pace {
 public:
  void add_build(Millis took);  // of built images only, not of cached ones
  void add_run(Millis took);    // from power-on to the outcome
  std::optional<Millis> expected_build() const;
  std::optional<Millis> expected_run() const;
  // For `trials` more; none before the first run.
  std::optional<Millis> expected(std::uint32_t trials) const;

 private:
  std::vector<Millis> builds_;
  std::vector<Millis> runs_;
};

// The line on the terminal. Nothing of ours is left on it when this is gone.
class ProgressLine {
 public:
  ProgressLine(std::FILE* out, Terminal terminal);  // out outlives this
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const ProgressView& view);  // drawn when it differs from what is there; elsewhere nothing
  void step(const StepView& view);      // a line that stays
  void say(const std::string& text);    // a line that stays; control characters are replaced
  void clear();

 private:
  void write_line(const std::string& line);

  std::FILE* out_;
  Terminal terminal_;
  std::string shown_;
};

}  // namespace kverdict
