#include "orchestrator/cli/commands/opened.hpp"

#include <algorithm>
#include <charconv>
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

// The search keeps a share of the belief with all candidates, because a guess may be wrong.
void weigh_by_paths(std::vector<double>& prior, Candidates& source, const Range& range,
                    const std::vector<std::string>& paths) {
  if (source.git() == nullptr)
    throw UsageError(
        "bisect.prior_paths: packages have no paths; leave it out, or give bisect.prior_weights");
  RangeSpec spec;
  spec.bad = range.bad.value;
  for (const auto& good : range.goods) spec.goods.push_back(good.value);
  spec.paths = paths;
  const auto touching = source.git()->resolve(spec);
  if (touching.history.empty()) return;
  std::fill(prior.begin(), prior.end(), 0.0);
  for (std::uint32_t i = 0; i < touching.history.size(); ++i)
    if (const auto at = range.history.find(touching.history.id(Position{i}))) prior[index_of(*at)] = 1;
}

double weight_of(const std::string& revision, const std::string& text) {
  double weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error == std::errc() && end == text.data() + text.size() && weight > 0 && weight <= 1e6) return weight;
  throw UsageError("bisect.prior_weights." + revision + ": '" + text +
                   "' is no weight; give a number above 0, up to 1000000");
}

// What a finished session found, without its evidence.
std::string head_of_report(const std::filesystem::path& session) {
  auto text = read_file_if_there(session / "report.txt", k_largest_report).value_or("");
  if (const auto end = text.find("\n\nEvidence"); end != std::string::npos) text.resize(end + 1);
  return text;
}

}  // namespace

SessionPlace place_of_session(const Invocation& invocation, const std::string& text) {
  return find_session(find_places(settings_of(invocation)), text);
}

OpenedSession open_session(const Invocation& invocation, const std::string& text) {
  auto place = place_of_session(invocation, text);
  auto state = replay(JournalFile::read(place.journal()).entries);
  return open_session(std::move(place), std::move(state));
}

OpenedSession open_session(SessionPlace place, State state) {
  auto config = config_from_json(state.config);
  auto source = Candidates::of_session(config, place);
  auto range = source.same_range(state.opened, config);
  auto rules = rules_for(config, source, range);
  return {std::move(place),  std::move(state), std::move(config),
          std::move(source), std::move(range), std::move(rules)};
}

SessionRules rules_for(const Config& config, Candidates& source, const Range& range) {
  auto rules = session_rules(config);
  const auto& bisect = config.bisect;
  if (bisect.prior_paths.empty() && bisect.prior_weights.empty()) return rules;
  rules.bisect.prior.assign(range.history.size(), 1.0);
  if (!bisect.prior_paths.empty()) weigh_by_paths(rules.bisect.prior, source, range, bisect.prior_paths);
  for (const auto& [revision, text] : bisect.prior_weights)
    if (const auto at = range.history.find(source.find(revision)))
      rules.bisect.prior[index_of(*at)] = weight_of(revision, text);
  return rules;
}

const Trial* trial_numbered(const State& state, const std::string& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && text.size() < 6;
  return is_number && number >= 1 && number <= state.trials.size() ? &state.trials[number - 1] : nullptr;
}

Describe OpenedSession::describe() {
  return [this](const CandidateId& id) { return source.describe(id); };
}

ParentsOf OpenedSession::parents_of() {
  return [this](const CandidateId& id) { return source.parents(id, config); };
}

std::string OpenedSession::resume_line() const {
  return "kverdict resume " + (config.run.state.empty() ? place.name() : place.directory.string());
}

Plan OpenedSession::plan() {
  const Lineage lineage(range.history);
  const auto parents = parents_of();
  auto seen = state;
  if (!FileLock::holder(place.lock()))
    for (auto& trial : seen.trials) trial.interrupted = !trial.ended;
  const Survey survey(seen, evidence(), range, lineage, rules.bisect, parents, rules.run);
  auto now = survey.plan(state.latest, 1);
  // It ended without an answer: what was known then is what there is to say.
  if (!now.conclusion && state.closed) now.conclusion = survey.give_up(state.closed->text, state.latest);
  return now;
}

void OpenedSession::add_changes(Report& report) const {
  const auto text = read_file_if_there(place.changes(), k_largest_changes);
  if (!text || !report.culprit) return;
  std::vector<std::string> changes;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) changes.push_back(line);
  report.changes_file = place.changes().string();
  report.likely_changes = likely_changes(changes, report.title, k_likely_changes);
}

Report OpenedSession::report() {
  const auto now = plan();
  const auto known = evidence();
  const auto words = describe();
  auto report = make_report({state, range, known, now, rules.bisect, words});
  report.directory = place.directory.string();
  add_changes(report);
  if (!config.run.follows.empty()) report.earlier = head_of_report(config.run.follows);
  report.resume = resume_line();
  if (!report.oops) return report;
  const auto& trial = state.trials[report.oops_trial - 1];
  const auto transcript =
      read_file_if_there(place.transcript(trial.number, trial.candidate), k_largest_transcript);
  if (transcript) report.oops_excerpt = oops_excerpt(*transcript, *report.oops, k_quoted_lines);
  return report;
}

}  // namespace kverdict
