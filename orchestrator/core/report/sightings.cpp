#include "orchestrator/core/report/sightings.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "orchestrator/core/question/confidence.hpp"

namespace kverdict {
namespace {

constexpr unsigned k_often = 3;
constexpr std::size_t k_most_crashes = 5;   // that are reported
constexpr std::size_t k_most_culprits = 5;  // of each

// The other crash that a trial is named by, or null.
const Oops* other_crash_of(const Trial& trial, const Evidence& evidence) {
  if (!trial.counts() || trial.mark) return nullptr;
  const auto& outcome = trial.ended->outcome;
  if (outcome.kind != Outcome::Kind::crashed || outcome.oopses.empty()) return nullptr;
  for (const auto& oops : outcome.oopses)
    if (match(evidence.hunted, oops).answer != Match::Answer::different) return nullptr;
  return &outcome.oopses.front();
}

void add_sighting(OtherFailure& crash, const Trial& trial, const std::string& title) {
  if (crash.times++ == 0) {
    crash.title = title;
    crash.trial = trial.number;
  }
  const auto known = std::find_if(crash.seen.begin(), crash.seen.end(),
                                  [&](const auto& seen) { return seen.first == trial.candidate; });
  if (known == crash.seen.end())
    crash.seen.emplace_back(trial.candidate, 1U);
  else
    ++known->second;
}

std::vector<std::pair<CandidateId, double>> likeliest(const Range& range, const Evidence& evidence) {
  const auto posterior = culprit_posterior(range, evidence);
  std::vector<std::pair<CandidateId, double>> all;
  for (std::size_t i = 0; i < posterior.size(); ++i)
    all.emplace_back(range.history.id(position_at(i)), posterior[i]);
  std::ranges::stable_sort(all, std::ranges::greater{}, &std::pair<CandidateId, double>::second);
  if (all.size() > k_most_culprits) all.resize(k_most_culprits);
  return all;
}

// Probability that at most `failed` of `runs` fail when each does with `rate`.
double at_most(unsigned failed, unsigned runs, double rate) {
  if (rate <= 0) return 1;
  if (rate >= 1) return failed >= runs ? 1 : 0;
  double term = std::pow(1 - rate, runs);
  double sum = term;
  for (unsigned k = 0; k < failed; ++k) {
    term *= static_cast<double>(runs - k) / (k + 1) * rate / (1 - rate);
    sum += term;
  }
  return std::min(1.0, sum);
}

// Runs that differ so much by machine are chance once in a thousand times.
constexpr double k_chance = 1e-3;

std::string doubt_of(const MachineRow& row) {
  if (row.runs_of_bad == 0 || row.runs_of_bad_elsewhere == 0) return "";
  // The rate elsewhere, drawn a little to the middle: few runs do not make it certain.
  const double elsewhere = (row.failed_of_bad_elsewhere + 0.5) / (row.runs_of_bad_elsewhere + 1.0);
  const auto counts = std::to_string(row.failed_of_bad) + " of " + std::to_string(row.runs_of_bad) +
                      " runs of kernels that fail; elsewhere " + std::to_string(row.failed_of_bad_elsewhere) +
                      " of " + std::to_string(row.runs_of_bad_elsewhere);
  if (at_most(row.failed_of_bad, row.runs_of_bad, elsewhere) < k_chance)
    return "shows the failure too seldom: " + counts;
  const unsigned passed = row.runs_of_bad - row.failed_of_bad;
  if (at_most(passed, row.runs_of_bad, 1 - elsewhere) < k_chance)
    return "shows the failure too often: " + counts;
  return "";
}

struct Tally {
  std::map<std::string, MachineRow> rows;
  unsigned failed_of_bad = 0, runs_of_bad = 0;
};

void add_runs(Tally& tally, const State& state, const Standing& standing) {
  for (const auto& run : standing.record) {
    auto& row = tally.rows[run.machine];
    const bool failed = run.kind == Run::Kind::failed;
    const bool passed = state.trials[run.trial - 1].ended->outcome.kind == Outcome::Kind::passed;
    ++(failed ? row.failed : row.clean);
    if (standing.verdict != Verdict::bad || (!failed && !passed)) continue;
    ++row.runs_of_bad;
    ++tally.runs_of_bad;
    row.failed_of_bad += failed;
    tally.failed_of_bad += failed;
  }
}

}  // namespace

std::vector<OtherFailure> other_crashes(const State& state, const Range& range, const Evidence& evidence) {
  std::map<std::string, OtherFailure> found;
  for (const auto& trial : state.trials)
    if (const auto* oops = other_crash_of(trial, evidence); oops != nullptr && !oops->corrupted)
      add_sighting(found[comparable(oops->title)], trial, oops->title);
  std::vector<OtherFailure> often;
  for (auto& [name, crash] : found)
    if (crash.times >= k_often) often.push_back(std::move(crash));
  std::ranges::stable_sort(often, std::ranges::greater{}, &OtherFailure::times);
  if (often.size() > k_most_crashes) often.resize(k_most_crashes);
  for (auto& crash : often) {
    HuntPolicy hunt;
    hunt.titles = {crash.title};
    crash.culprits = likeliest(range, weigh(state, hunt));
  }
  return often;
}

std::vector<MachineRow> by_machine(const State& state, const Evidence& evidence) {
  Tally tally;
  for (const auto& trial : state.trials) {
    if (!trial.counts() || trial.ended->machine.empty()) continue;
    auto& row = tally.rows[trial.ended->machine];
    ++row.trials;
    row.lab_errors += trial.ended->outcome.kind == Outcome::Kind::inconclusive;
  }
  for (const auto& [id, standing] : evidence.standings) add_runs(tally, state, standing);
  tally.rows.erase("");
  std::vector<MachineRow> rows;
  if (tally.rows.size() < 2) return rows;
  for (auto& [machine, row] : tally.rows) {
    row.machine = machine;
    row.failed_of_bad_elsewhere = tally.failed_of_bad - row.failed_of_bad;
    row.runs_of_bad_elsewhere = tally.runs_of_bad - row.runs_of_bad;
    row.doubt = doubt_of(row);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace kverdict
