#include "orchestrator/cli/commands/opened.hpp"

#include <sstream>

#include "orchestrator/cli/commands/lab.hpp"
#include "orchestrator/core/report/transcript_text.hpp"
#include "orchestrator/drive/journal_file.hpp"
#include "orchestrator/sources/package/changelog.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_quoted_lines = 60;
constexpr std::size_t k_largest_changes = 64U << 20;
constexpr std::size_t k_largest_report = 16U << 20;
constexpr std::size_t k_likely_changes = 8;
constexpr std::size_t k_largest_transcript = 256U << 20;

Config settings_of(const Invocation& invocation) {
  return read_config(process_inputs(invocation.config_file, invocation.settings)).config;
}

// What a finished session found, without its evidence.
std::string head_of_report(const std::filesystem::path& session) {
  auto text = read_file_if_there(session / "report.txt", k_largest_report).value_or("");
  if (const auto end = text.find("\n\nEvidence"); end != std::string::npos) text.resize(end + 1);
  return text;
}

}  // namespace

OpenedSession open_session(const Invocation& invocation, const std::string& text) {
  auto place = find_session(find_places(settings_of(invocation)), text);
  auto state = replay(JournalFile::read(place.journal()).entries);
  auto config = config_from_json(state.config);
  auto source = Candidates::of_session(config, place);
  auto range = source.same_range(state.opened, config);
  auto rules = session_rules(config);
  return {std::move(place),  std::move(state), std::move(config),
          std::move(source), std::move(range), std::move(rules)};
}

Describe OpenedSession::describe() {
  return [this](const CandidateId& id) { return source.describe(id); };
}

ParentsOf OpenedSession::parents_of() {
  return [this](const CandidateId& id) { return source.parents(id, config); };
}

Decision OpenedSession::decision() {
  return decide(range, evidence(), rules.bisect, parents_of());
}

void OpenedSession::add_changes(Report& report) const {
  const auto text = read_file_if_there(place.changes(), k_largest_changes);
  if (!text || !report.culprit) return;
  std::vector<std::string> changes;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) changes.push_back(line);
  auto clue = report.title;
  for (const auto& workload : config.workloads) clue += " " + workload.name;
  report.changes_file = place.changes().string();
  report.likely_changes = likely_changes(changes, clue, k_likely_changes);
}

Report OpenedSession::report() {
  auto report = make_report(state, range, evidence(), decision(), describe());
  report.directory = place.directory.string();
  add_changes(report);
  if (!config.run.follows.empty()) report.earlier = head_of_report(config.run.follows);
  if (!report.oops) return report;
  const auto& trial = state.trials[report.oops_trial - 1];
  const auto transcript =
      read_file_if_there(place.transcript(trial.number, trial.candidate), k_largest_transcript);
  if (transcript) report.oops_excerpt = oops_excerpt(*transcript, *report.oops, k_quoted_lines);
  return report;
}

}  // namespace kverdict
