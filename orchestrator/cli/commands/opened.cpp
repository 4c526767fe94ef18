#include "orchestrator/cli/commands/opened.hpp"

#include "orchestrator/cli/commands/lab.hpp"
#include "orchestrator/core/report/transcript_text.hpp"
#include "orchestrator/drive/journal_file.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_quoted_lines = 60;
constexpr std::size_t k_largest_transcript = 256U << 20;

Config settings_of(const Invocation& invocation) {
  return read_config(process_inputs(invocation.config_file, invocation.settings)).config;
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

Report OpenedSession::report() {
  auto report = make_report(state, range, evidence(), decision(), describe());
  report.directory = place.directory.string();
  if (!report.oops) return report;
  const auto& trial = state.trials[report.oops_trial - 1];
  const auto transcript =
      read_file_if_there(place.transcript(trial.number, trial.candidate), k_largest_transcript);
  if (transcript) report.oops_excerpt = oops_excerpt(*transcript, *report.oops, k_quoted_lines);
  return report;
}

}  // namespace kverdict
