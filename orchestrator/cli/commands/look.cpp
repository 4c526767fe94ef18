// status, list, show, report, log: what sessions say of themselves. Works beside a running session.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "orchestrator/cli/commands/commands.hpp"
#include "orchestrator/cli/commands/opened.hpp"
#include "orchestrator/cli/table.hpp"
#include "orchestrator/core/journal/codec.hpp"
#include "orchestrator/core/report/around_text.hpp"
#include "orchestrator/core/report/git_log.hpp"
#include "orchestrator/core/report/printable.hpp"
#include "orchestrator/core/report/transcript_text.hpp"
#include "orchestrator/drive/journal_file.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_largest_transcript = 256U << 20;

Terminal stdout_terminal(const Invocation& invocation) {
  return terminal_of(1, process_inputs(invocation.config_file, {}).environment, invocation.color);
}

// Who holds the session's lock is running it.
bool is_running(const SessionPlace& place) {
  return FileLock::holder(place.lock()).has_value();
}

std::string state_word(const State& state, const SessionPlace& place) {
  if (is_running(place)) return "running";
  if (!state.closed) return "interrupted";
  switch (state.closed->exit_code) {
    case 0:
      return "found";
    case 5:
      return "ends wrong";
    default:
      return "inconclusive";
  }
}

std::vector<Cell> list_row(const SessionPlace& place) {
  try {
    const auto state = replay(JournalFile::read(place.journal()).entries);
    return {{place.name()},
            {state_word(state, place)},
            {std::to_string(state.opened.candidates)},
            {std::to_string(state.trials.size())},
            {state.closed ? state.closed->text : ""}};
  } catch (const UsageError& e) {  // one broken journal must not hide the others
    return {{place.name()}, {"broken"}, {"-"}, {"-"}, {e.what()}};
  }
}

nlohmann::ordered_json list_json(const SessionPlace& place) {
  const auto row = list_row(place);
  return {{"session", row[0].text},
          {"state", row[1].text},
          {"directory", place.directory.string()},
          {"result", row[4].text}};
}

// By number, by revision, or the last that ended.
const Trial& find_trial(OpenedSession& session, const std::string& text) {
  const auto& trials = session.state.trials;
  if (const auto* numbered = trial_numbered(session.state, text)) return *numbered;
  const bool is_number = !text.empty() && text.size() < 6 &&
                         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const auto id = text.empty() || is_number ? CandidateId{} : session.source.find(text);
  for (auto trial = trials.rbegin(); trial != trials.rend(); ++trial)
    if (trial->ended && (text.empty() || trial->candidate == id)) return *trial;
  throw UsageError("session " + session.place.name() + " has no trial " +
                   (text.empty() ? "that ended" : "'" + text + "'") + "; it has trials 1 to " +
                   std::to_string(trials.size()) + ", `kverdict status` names them");
}

void show_head(const OpenedSession& session, const Trial& trial) {
  const auto& outcome = trial.ended->outcome;
  const auto evidence = session.evidence();
  const auto judgement = judge(outcome, evidence.hunted, session.rules.hunt);
  std::cout << "trial " << trial.number << " of " << trial.candidate.value
            << "\noutcome: " << to_string(outcome.kind)
            << (outcome.detail.empty() ? "" : ": " + printable(outcome.detail))
            << "\nverdict: " << to_string(judgement.verdict) << ": " << printable(judgement.reason) << "\n";
  for (const auto& oops : complaints(outcome))
    std::cout << "  " << printable(oops.title) << ": " << printable(match(evidence.hunted, oops).why) << "\n";
  for (const auto& metric : outcome.metrics)
    std::cout << "metric: " << printable(metric.name) << " = " << metric.value << " "
              << printable(metric.unit) << "\n";
  if (!outcome.suspect.empty()) std::cout << "suspect: " << printable(outcome.suspect) << "\n";
  if (!outcome.log_tail.empty()) std::cout << "log:\n" << printable_lines(outcome.log_tail);
  std::cout << "\n";
}

void status_text(OpenedSession& session) {
  std::cout << "session " << session.place.name() << ": " << state_word(session.state, session.place) << "\n";
  std::cout << report_text(session.report());
}

}  // namespace

int status_command(const Invocation& invocation, const StatusCommand& command) {
  auto session = open_session(invocation, command.session);
  if (invocation.form == OutputForm::json)
    std::cout << report_json(session.report()) << "\n";
  else
    status_text(session);
  return 0;
}

int list_command(const Invocation& invocation) {
  const auto places = find_places(read_config(process_inputs(invocation.config_file, {})).config);
  const auto sessions = all_sessions(places);
  if (invocation.form == OutputForm::json) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& place : sessions) list.push_back(list_json(place));
    std::cout << list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return 0;
  }
  std::vector<std::vector<Cell>> rows;
  for (const auto& place : sessions) rows.push_back(list_row(place));
  const std::vector<Column> head{
      {"session"}, {"state"}, {"candidates", Align::right}, {"trials", Align::right}, {"result"}};
  std::cout << render_table(head, rows, stdout_terminal(invocation));
  return 0;
}

int show_command(const Invocation& invocation, const ShowCommand& command) {
  auto session = open_session(invocation, command.session);
  const auto& trial = find_trial(session, command.trial);
  if (!trial.ended)
    throw UsageError("trial " + std::to_string(trial.number) + " has not ended; its console is in " +
                     session.place.transcript(trial.number, trial.candidate).parent_path().string());
  if (invocation.form == OutputForm::json) {
    std::cout << encode_outcome(trial.ended->outcome) << "\n";
    return 0;
  }
  show_head(session, trial);
  const auto text =
      read_file_if_there(session.place.transcript(trial.number, trial.candidate), k_largest_transcript);
  if (text) std::cout << mark_oopses(*text, trial.ended->outcome.oopses);
  const auto around = read_file_if_there(
      session.place.transcript(trial.number, trial.candidate).parent_path() / k_around_file,
      k_largest_transcript);
  if (around) std::cout << "\naround the failure:\n" << printable_lines(*around);
  return 0;
}

int report_command(const Invocation& invocation, const ReportCommand& command) {
  auto session = open_session(invocation, command.session);
  const auto report = session.report();
  if (invocation.form == OutputForm::json)
    std::cout << report_json(report) << "\n";
  else
    std::cout << (command.form == ReportForm::markdown ? report_markdown(report) : report_text(report));
  return 0;
}

int log_command(const Invocation& invocation, const LogCommand& command) {
  auto session = open_session(invocation, command.session);
  if (session.source.git() == nullptr)
    throw UsageError("session " + session.place.name() + " is about packages, and git has no log of those");
  const auto evidence = session.evidence();
  const auto describe = session.describe();
  std::cout << git_bisect_log(
      {session.state, session.range, evidence, Plan{}, session.rules.bisect, describe});
  return 0;
}

}  // namespace kverdict
