// mark, undo: a person's word over the machines'. Facts in the journal, like all others; what follows from
// them is worked out anew.
#include <array>
#include <iostream>

#include "orchestrator/cli/commands/commands.hpp"
#include "orchestrator/cli/commands/opened.hpp"
#include "orchestrator/core/report/printable.hpp"
#include "orchestrator/drive/journal_file.hpp"
#include "runners/error.hpp"
#include "runners/host/steady_clock.hpp"
#include "workloads/nearest.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_longest_reason = 500;

Verdict verdict_of(const std::string& word) {
  constexpr std::array k_verdicts{Verdict::good, Verdict::bad, Verdict::skip, Verdict::nothing};
  std::vector<std::string_view> words;
  for (const auto verdict : k_verdicts) {
    if (word == to_string(verdict)) return verdict;
    words.emplace_back(to_string(verdict));
  }
  throw UsageError("kverdict mark: '" + word + "' is no verdict; give good, bad, skip or nothing" +
                   did_you_mean(word, words));
}

// A session that nobody runs meanwhile: its journal has one writer.
class Correction {
 public:
  Correction(const Invocation& invocation, const std::string& session)
      : place_(place_of_session(invocation, session)),
        lock_(lock_session(place_)),
        journal_(JournalFile::open(place_.journal(), clock_)),
        session_(open_session(place_, journal_.state())) {}

  const State& state() const { return journal_.state(); }
  // Null: the text names no trial.
  const Trial* trial(const std::string& text) const { return trial_numbered(state(), text); }
  // Any kernel the repository knows: also one outside the range, a good end for one.
  CandidateId candidate(const std::string& text) { return session_.source.find(text); }
  std::string shown(const CandidateId& id) {
    return short_id(id) + " " + printable(session_.source.describe(id).subject);
  }

  void append(Event event, const std::string& what) {
    journal_.append(std::move(event));
    session_.state = journal_.state();
    std::cout << what << "\n" << first_line(report_text(session_.report())) << "\n";
    if (!session_.plan().conclusion) std::cout << "go on with: " << session_.resume_line() << "\n";
  }

 private:
  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

  SessionPlace place_;
  FileLock lock_;
  SteadyClock clock_;
  JournalFile journal_;
  OpenedSession session_;
};

const Trial& must_have_ended(const Trial& trial) {
  if (trial.ended) return trial;
  throw UsageError("trial " + std::to_string(trial.number) + " has not ended; there is nothing to take back");
}

}  // namespace

int mark_command(const Invocation& invocation, const MarkCommand& command) {
  const auto verdict = verdict_of(command.verdict);
  if (command.reason.size() > k_longest_reason)
    throw UsageError("kverdict mark: --reason has more than " + std::to_string(k_longest_reason) +
                     " bytes; make it shorter");
  Correction session(invocation, command.session);
  const std::string word = to_string(verdict);
  if (const auto* trial = session.trial(command.subject)) {
    const Marked mark{trial->candidate, must_have_ended(*trial).number, verdict, command.reason};
    session.append(mark, "trial " + std::to_string(mark.trial) + " of " + session.shown(mark.candidate) +
                             " is marked " + word);
  } else {
    const Marked mark{session.candidate(command.subject), 0, verdict, command.reason};
    session.append(mark, session.shown(mark.candidate) + " is marked " + word);
  }
  return 0;
}

int undo_command(const Invocation& invocation, const UndoCommand& command) {
  Correction session(invocation, command.session);
  if (const auto* found = session.trial(command.subject)) {
    const auto& trial = must_have_ended(*found);
    const auto name = "trial " + std::to_string(trial.number) + " of " + session.shown(trial.candidate);
    if (trial.taken_out) throw UsageError(name + " is taken out already");
    const bool mark = trial.mark.has_value();
    const Undone undone{mark ? Undone::What::mark : Undone::What::trial, trial.candidate, trial.number};
    session.append(undone, mark ? "the mark of " + name + " is taken back; once more takes the trial out"
                                : name + " is taken out, as if it had never been made");
    return 0;
  }
  const auto id = session.candidate(command.subject);
  if (!session.state().marks.contains(id))
    throw UsageError(session.shown(id) + " has no mark; a trial is taken out by its number");
  session.append(Undone{Undone::What::mark, id, 0}, "the mark of " + session.shown(id) + " is taken back");
  return 0;
}

}  // namespace kverdict
