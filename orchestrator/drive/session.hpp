// A session: one question, asked until the evidence answers it. The loop is
//   state = replay(journal); plan = make_plan(state); stop what is pointless; start what tells most; wait
// and nothing that decides lives outside the journal, so it may be killed at any moment. As many trials run
// side by side as there are slots; images are made one at a time, those that trials wait for first.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <filesystem>
#include <list>
#include <optional>
#include <string>

#include "orchestrator/core/question/survey.hpp"
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
  unsigned slots = 1;                                          // trials side by side
  std::chrono::milliseconds run{0};                            // configured length of the workload
  std::optional<std::chrono::system_clock::time_point> until;  // no trial runs past it
};

// Everything a session talks to; all of it outlives the session.
struct SessionParts {
  boost::asio::any_io_executor executor;
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

  // Until the question is answered, or the time is over. Throws InfraError when the lab failed too often in a
  // row, UsageError when a build cannot work at all (a missing tool); the journal is whole in any case, and
  // nothing runs any more.
  Task<Conclusion> run();

 private:
  // A trial between its choice and its end.
  struct Job {
    Job(const Session& session, const Trial& chosen);
    Trial trial;
    TimePoint began;
    StopSwitch stop;                          // once the guest is up
    boost::asio::cancellation_signal cancel;  // while it waits for its image, or in a hurry
    bool knew_image = false;                  // when it was chosen
    bool has_image = false;
    bool done = false;
  };

  Task<Conclusion> ask_until_answered();
  Plan plan(std::chrono::system_clock::time_point now) const;
  bool may_start() const;

  void start(const Ask& ask, std::chrono::system_clock::time_point now);
  Task<void> perform(Job& job);
  Task<TrialEnded> attempt(Job& job);
  Task<TrialEnded> boot(Job& job, BuiltImage built, std::chrono::milliseconds waited);
  void stop_trial(std::uint32_t number, const std::string& why);
  void stop_all(const std::string& why);

  void on_image(const CandidateId& id, const BuiltImage& built);
  void note_once(const std::string& text);
  void end_trial(const Job& job, TrialEnded ended);
  void count_lab_errors(const Job& job, const Outcome& outcome);

  void tell();
  Task<void> until_changed();
  Task<void> until_time_to_look(std::chrono::system_clock::time_point now);
  Task<void> wind_up();
  unsigned free_slots() const;
  Evidence evidence() const { return weigh(parts_.journal.state(), rules_.hunt); }

  SessionParts parts_;
  SessionRules rules_;
  Lineage lineage_;
  std::list<Job> jobs_;
  boost::asio::steady_timer changed_;  // never expires; cancelled when something happens
  bool news_ = false;
  std::exception_ptr failure_;  // ends the session
  unsigned lab_errors_in_a_row_ = 0;
  TimePoint last_lab_error_{};
  TimePoint not_before_{};  // the next trial: a lab that failed gets time to come back
};

// "0007-1f3a5c7e9b2d": where the transcript of a trial is kept.
std::string trial_directory(std::uint32_t trial, const CandidateId& candidate);

}  // namespace kverdict
