// State: what the journal's facts add up to. `state = replay(entries)` and nothing else; resume is replay.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/core/journal/event.hpp"

namespace kverdict {

struct Trial {
  std::uint32_t number = 0;
  CandidateId candidate;
  Purpose purpose = Purpose::search;
  std::chrono::milliseconds soak{0};  // 0 = as configured
  unsigned free_slots = 1;            // when it was chosen
  std::chrono::system_clock::time_point started;
  std::optional<std::chrono::system_clock::time_point> booted;  // none: its image is not ready yet
  std::optional<TrialEnded> ended;                              // none: running, or interrupted
  bool interrupted = false;                                     // its session ended before it did
  bool taken_out = false;                                       // by a person: as if it had never been made
  std::optional<Marked> mark;                                   // a person's word over its outcome

  bool running() const { return !ended && !interrupted; }
  bool counts() const { return ended && !taken_out; }
};

struct State {
  SessionOpened opened;
  std::string config;  // the latest
  std::chrono::system_clock::time_point began;
  std::chrono::system_clock::time_point latest;
  std::vector<Trial> trials;                 // in order of start; the number is the index + 1
  std::map<CandidateId, ImageReady> images;  // the first of each candidate
  std::map<CandidateId, Marked> marks;       // of candidates as a whole
  std::chrono::milliseconds building{0};     // sum over images that were built
  unsigned builds = 0;
  unsigned resumed = 0;
  std::vector<std::string> notes;
  std::optional<SessionClosed> closed;  // none while open, or after a resume

  std::uint32_t next_trial() const { return static_cast<std::uint32_t>(trials.size()) + 1; }
};

// Entries must start with SessionOpened (decode_journal checks it). Throws UsageError on facts that cannot
// follow each other (an end without a start).
State replay(const std::vector<Entry>& entries);
void apply(State& state, const Entry& entry);

}  // namespace kverdict
