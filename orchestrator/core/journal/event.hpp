// The journal's facts. One event a line in the session's journal; a session's state is their replay, so a
// fact that is not here did not happen. Verdicts are never stored: judge derives them, so that a changed
// signature re-judges old trials for free.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/core/model/candidate.hpp"
#include "orchestrator/core/model/verdict.hpp"
#include "orchestrator/core/trial/outcome.hpp"

namespace kverdict {

// Version of the layout below. Bump it when a reader of the old layout would misread the new one, and keep
// reading the old one.
//   1  one trial at a time; an image was made before its trial was written down
//   2  trials side by side: a trial is written down when it is chosen, so that a choice can be made again
//      from what stood before it; trials that were stopped; marks and what was taken back
constexpr int k_journal_version = 2;

// Why a candidate is asked.
enum class Purpose {
  search,      // the method chose it
  bad_end,     // must fail
  good_end,    // must pass
  merge_base,  // must pass, because a good end is not an ancestor of the bad one
  parent,      // a parent of the culprit, asked at the end
};

// First line of every journal.
struct SessionOpened {
  int version = k_journal_version;
  std::string program;  // version of kverdict
  std::string session;
  std::string config;       // JSON text of the whole configuration
  std::string config_file;  // the file it came from; empty = none
  std::string file_config;  // JSON text of what the files alone said, to see what changed there since
  CandidateId bad;
  std::vector<CandidateId> goods;
  std::vector<CandidateId> merge_bases;
  std::uint64_t candidates = 0;  // size of the range
  std::string history;           // digest of the range: a resumed session must find the same
};

// A later run took the session up again, perhaps with other limits or another signature.
struct SessionResumed {
  std::string program;
  std::string config;
};

// A trial was chosen: its image is made, or waited for, and then it is booted.
struct TrialStarted {
  std::uint32_t trial = 0;  // 1, 2, ...
  CandidateId candidate;
  Purpose purpose = Purpose::search;
  std::chrono::milliseconds soak{0};  // how long it is to be under load; 0 = as configured
  unsigned free_slots = 1;            // this one included, when it was chosen
};

// Power-on.
struct TrialBooted {
  std::uint32_t trial = 0;
};

// A candidate was built, or found in the cache. Kernels with equal code are one kernel.
struct ImageReady {
  CandidateId candidate;
  std::string code;  // digest of what is loaded; empty = unknown
  std::string release;
  bool from_cache = false;
  std::chrono::milliseconds took{0};
};

struct TrialEnded {
  std::uint32_t trial = 0;
  CandidateId candidate;
  Outcome outcome;
  std::string code;                    // of the kernel that ran; empty when none ran
  std::string machine;                 // runner's name
  std::chrono::milliseconds build{0};  // waiting for the image
  std::chrono::milliseconds run{0};    // from power-on to the outcome
};

// A person's word on a candidate, over what its trials said, or on one trial, over what its outcome said.
// Nothing = it says nothing; the outcome stays where it is.
struct Marked {
  CandidateId candidate;
  std::uint32_t trial = 0;  // 0 = the candidate as a whole
  Verdict verdict = Verdict::nothing;
  std::string reason;  // as the person put it; may be empty
};

// A person takes something back: a trial, as if it had never been made, or the mark of a candidate or trial.
struct Undone {
  enum class What { trial, mark };
  What what = What::trial;
  CandidateId candidate;
  std::uint32_t trial = 0;  // 0 = the candidate as a whole
};

// Something a person should know of later ("left-over domain removed").
struct Noted {
  std::string text;
};

// The question was answered, or given up for the reason in the text.
struct SessionClosed {
  int exit_code = 0;
  std::string text;
};

using Event = std::variant<SessionOpened, SessionResumed, TrialStarted, TrialBooted, ImageReady, TrialEnded,
                           Marked, Undone, Noted, SessionClosed>;

// As exact as the journal keeps it.
inline std::chrono::system_clock::time_point journal_time(std::chrono::system_clock::time_point at) {
  return std::chrono::floor<std::chrono::milliseconds>(at);
}

struct Entry {
  std::chrono::system_clock::time_point at;
  Event event;
};

}  // namespace kverdict
