#include "orchestrator/core/report/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <set>

#include "orchestrator/core/question/confidence.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_ranking = 10;

std::vector<ReportRow> asked_rows(const State& state, const Evidence& evidence, const Describe& describe) {
  std::vector<ReportRow> rows;
  std::set<CandidateId> seen;
  for (const auto& trial : state.trials)
    if (trial.ended && seen.insert(trial.candidate).second)
      rows.push_back({describe(trial.candidate), trial.purpose, evidence.of(trial.candidate)});
  for (const auto& [id, standing] : evidence.standings)
    if (standing.same_code_as && seen.insert(id).second)
      rows.push_back({describe(id), Purpose::search, standing});
  return rows;
}

std::vector<std::pair<CandidateInfo, double>> ranking(const Range& range,
                                                      const std::vector<double>& posterior,
                                                      const Describe& describe) {
  std::vector<std::size_t> order(posterior.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto most = std::min(k_ranking, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return posterior[a] != posterior[b] ? posterior[a] > posterior[b] : a < b;
                    });
  std::vector<std::pair<CandidateInfo, double>> top;
  for (std::size_t i = 0; i < most; ++i)
    top.emplace_back(describe(range.history.id(Position{static_cast<std::uint32_t>(order[i])})),
                     posterior[order[i]]);
  return top;
}

void add_totals(Report& report, const State& state) {
  report.trials = state.trials.size();
  report.builds = state.builds;
  report.resumed = state.resumed;
  report.building = state.building;
  report.elapsed = std::chrono::duration_cast<milliseconds>(state.latest - state.began);
  for (const auto& trial : state.trials) {
    if (!trial.ended) continue;
    report.booted += trial.ended->run;
    report.boots += trial.ended->run.count() > 0;
    report.lab_errors += trial.ended->outcome.kind == Outcome::Kind::inconclusive;
  }
}

// The oops to show: of the given candidate's first bad trial.
void add_oops(Report& report, const State& state, const Evidence& evidence, const CandidateId& id) {
  if (report.oops) return;
  for (const auto number : evidence.of(id).trials) {
    const auto& outcome = state.trials[number - 1].ended->outcome;
    for (const auto& oops : outcome.oopses) {
      if (match(evidence.hunted, oops).answer != Match::Answer::same) continue;
      report.oops = oops;
      report.oops_trial = number;
      return;
    }
  }
}

std::string hunted_title(const State& state, const Evidence& evidence) {
  if (const auto* failure = failure_at_bad_end(state))
    if (const auto named = naming_complaints(*failure); !named.empty()) return named.front().title;
  return evidence.hunted.titles.empty() ? "" : *evidence.hunted.titles.begin();
}

void add_culprit(Report& report, const Range& range, const Evidence& evidence,
                 const std::vector<double>& posterior, const Describe& describe) {
  const auto& id = report.conclusion->culprit;
  report.culprit = describe(id);
  if (const auto at = range.history.find(id)) report.probability = posterior[index_of(*at)];
  report.culprit_row = ReportRow{*report.culprit, Purpose::search, evidence.of(id)};
  for (const auto& parent : report.culprit->parents)
    report.parent_rows.push_back({describe(parent), Purpose::parent, evidence.of(parent)});
}

void add_open(Report& report, const ReportSubject& subject) {
  if (!subject.plan.asks.empty()) report.next = subject.plan.asks.front();
  for (const auto& trial : subject.state.trials)
    if (trial.running())
      report.running.push_back(
          {trial.number, subject.describe(trial.candidate), trial.purpose, trial.booted.has_value()});
}

void add_persons_words(Report& report, const State& state, const Describe& describe) {
  for (const auto& [id, mark] : state.marks)
    report.marks.push_back({describe(id), 0, mark.verdict, mark.reason});
  for (const auto& trial : state.trials) {
    if (trial.mark)
      report.marks.push_back(
          {describe(trial.candidate), trial.number, trial.mark->verdict, trial.mark->reason});
    if (trial.taken_out) report.taken_out.push_back(trial.number);
  }
}

// The fewest candidates that together have 90 % of the probability.
std::size_t holding(std::vector<double> posterior) {
  std::ranges::sort(posterior, std::ranges::greater{});
  double sum = 0;
  std::size_t count = 0;
  while (count < posterior.size() && sum < 0.9) sum += posterior[count++];
  return count;
}

}  // namespace

Report make_report(const ReportSubject& subject) {
  const auto& [state, range, evidence, plan, rules, describe] = subject;
  Report report;
  report.session = state.opened.session;
  report.program = state.opened.program;
  report.candidates = state.opened.candidates;
  report.method = rules.method;
  report.find = rules.find;
  report.learnt = evidence.learnt;
  report.title = hunted_title(state, evidence);
  report.bad_end = describe(range.bad);
  for (const auto& good : range.goods) report.good_ends.push_back(describe(good));
  report.rows = asked_rows(state, evidence, describe);
  report.notes = state.notes;
  report.others = other_crashes(state, range, evidence);
  report.machines = by_machine(state, evidence);
  add_totals(report, state);
  add_persons_words(report, state, describe);
  const auto posterior = culprit_posterior(range, evidence);
  report.holding = holding(posterior);
  report.conclusion = plan.conclusion;
  report.finished = plan.conclusion.has_value();
  if (!report.finished) add_open(report, subject);
  if (report.finished) report.doubts = plan.conclusion->doubts;
  if (report.finished && plan.conclusion->kind == Conclusion::Kind::found)
    add_culprit(report, range, evidence, posterior, describe);
  else
    report.ranking = ranking(range, posterior, describe);
  if (report.culprit) add_oops(report, state, evidence, report.culprit->id);
  add_oops(report, state, evidence, range.bad);
  return report;
}

const char* to_string(Purpose purpose) {
  switch (purpose) {
    case Purpose::search:
      return "search";
    case Purpose::bad_end:
      return "bad end";
    case Purpose::good_end:
      return "good end";
    case Purpose::merge_base:
      return "merge base";
    case Purpose::parent:
      return "parent of the culprit";
  }
  return "?";
}

std::string duration_text(milliseconds duration) {
  const auto total = duration.count() / 1000;
  char text[64];
  if (total < 60)
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(duration.count()) / 1000.0);
  else if (total < 3600)
    std::snprintf(text, sizeof text, "%lld min %02lld s", static_cast<long long>(total / 60),
                  static_cast<long long>(total % 60));
  else
    std::snprintf(text, sizeof text, "%lld h %02lld min", static_cast<long long>(total / 3600),
                  static_cast<long long>(total / 60 % 60));
  return text;
}

std::string percent_text(double probability) {
  char text[32];
  const double percent = std::min(99.9, std::floor(probability * 1000) / 10);
  std::snprintf(text, sizeof text, "%.1f %%", percent);
  return text;
}

}  // namespace kverdict
