// A session: one question, asked until the evidence answers it. The loop is
//   state = replay(journal); decision = decide(state); ask; append
// and nothing that decides lives outside the journal, so it may be killed at any moment.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/core/question/bisect.hpp"
#include "orchestrator/drive/build_queue.hpp"
#include "orchestrator/drive/journal_file.hpp"
#include "orchestrator/drive/observer.hpp"
#include "orchestrator/drive/trial_driver.hpp"

namespace kverdict {

enum class BuildAhead { off, on };

struct SessionRules {
  BisectRules bisect;
  HuntPolicy hunt;
  unsigned lab_retries = 3;  // lab errors in a row before the session stops, resumable
  BuildAhead build_ahead = BuildAhead::on;
};

// Everything a session talks to; all of it outlives the session.
struct SessionParts {
  Clock& clock;
  JournalFile& journal;
  BuildQueue& builds;
  TrialDriver& trials;
  SessionObserver& observer;
  const Range& range;
  ParentsOf parents_of;
  std::filesystem::path directory;  // trials/NNNN-xxxxxxxxxxxx are made in it
};

class Session {
 public:
  Session(SessionParts parts, SessionRules rules);

  // Until the question is answered. Throws InfraError when the lab failed too often in a row, UsageError when
  // a build cannot work at all (a missing tool); the journal is whole in any case.
  Task<Conclusion> run();

 private:
  Task<Conclusion> ask_until_answered();
  Task<void> ask(Ask ask);
  Task<void> boot(Ask ask, BuiltImage built, std::chrono::milliseconds waited);
  void record_failure(const Ask& ask, Outcome outcome, std::chrono::milliseconds waited);
  void note_once(const std::string& text);
  void build_ahead(const Ask& running);
  void end_trial(TrialEnded ended);
  Task<void> back_off();
  Evidence evidence() const { return weigh(parts_.journal.state(), rules_.hunt); }

  SessionParts parts_;
  SessionRules rules_;
  unsigned lab_errors_in_a_row_ = 0;
};

// "0007-1f3a5c7e9b2d": where the transcript of a trial is kept.
std::string trial_directory(std::uint32_t trial, const CandidateId& candidate);

}  // namespace kverdict
