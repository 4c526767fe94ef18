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

std::string range_digest(const Range& range) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (std::uint32_t i = 0; i < range.history.size(); ++i)
    for (const char c : range.history.id(Position{i}).value)
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

Range same_range(GitSource& source, const SessionOpened& opened, const Config& config) {
  auto spec = range_spec(config);
  spec.bad = opened.bad.value;
  spec.goods.clear();
  for (const auto& good : opened.goods) spec.goods.push_back(good.value);
  auto range = source.resolve(spec);
  if (range_digest(range) != opened.history)
    throw UsageError("the history between the ends of session " + opened.session +
                     " is not what it was when the session began; start a new session");
  return range;
}

OpenedSession open_session(const Invocation& invocation, const std::string& text) {
  auto place = find_session(find_places(settings_of(invocation)), text);
  auto state = replay(JournalFile::read(place.journal()).entries);
  auto config = config_from_json(state.config);
  auto source = GitSource::open(config.source.repo);
  auto range = same_range(source, state.opened, config);
  auto rules = session_rules(config);
  return {std::move(place),  std::move(state), std::move(config),
          std::move(source), std::move(range), std::move(rules)};
}

Describe OpenedSession::describe() {
  return [this](const CandidateId& id) { return source.describe(id); };
}

ParentsOf OpenedSession::parents_of() {
  return [this](const CandidateId& id) {
    auto parents = source.describe(id).parents;
    if (config.source.first_parent && parents.size() > 1) parents.resize(1);
    return parents;
  };
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
