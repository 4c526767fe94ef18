// The report as text for a terminal, 100 columns.
#include "orchestrator/core/report/printable.hpp"
#include "orchestrator/core/report/report.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_most_seen = 8;  // candidates named for another crash

std::string count_text(std::size_t n, const std::string& noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

// "failed 1 of 1 run", "passed 1 of 1 run (9.8 s under load)", "not booted: same code as 1f3a5c7e9b2d".
std::string evidence_text(const Standing& standing) {
  if (standing.same_code_as) return "not booted: same code as " + short_id(*standing.same_code_as);
  const auto runs = count_text(standing.runs(), "run");
  const auto load =
      standing.exposure.count() > 0 ? ", " + duration_text(standing.exposure) + " under load" : "";
  switch (standing.verdict) {
    case Verdict::bad:
      return "failed " + std::to_string(standing.bad) + " of " + runs + load;
    case Verdict::good:
      return "passed " + std::to_string(standing.good) + " of " + runs + load;
    case Verdict::skip:
      return "skipped in " + runs + ": " + printable(standing.reason);
    case Verdict::nothing:
      return standing.runs() == 0 ? "not asked" : "nothing learnt in " + runs;
  }
  return "";
}

std::string candidate_line(const CandidateInfo& info) {
  return short_id(info.id) + " " + printable(info.subject);
}

const char* word_for(Find find) {
  switch (find) {
    case Find::regression:
    case Find::any_change:
      return "bad";
    case Find::fix:
      return "fixed";
  }
  return "bad";
}

void add_culprit(std::string& text, const Report& report) {
  const auto& culprit = *report.culprit;
  const bool commit = is_commit(culprit.id);
  text += culprit.id.value + " is the first " + word_for(report.find) + " " +
          (commit ? "commit" : "version") + "\n\n";
  if (!culprit.author.empty()) text += "  Author:   " + printable(culprit.author) + "\n";
  if (!culprit.date.empty()) text += "  Date:     " + culprit.date + "\n";
  text += (commit ? "  Subject:  " : "  Package:  ") + printable(culprit.subject) + "\n\n";
  text += "  Sure:     " + percent_text(report.probability) + " (posterior over " +
          count_text(report.candidates, "candidate") + ", the bug's rate unknown)\n";
  text += "  Crash:    " + printable(report.title) + (report.learnt ? " (learnt from the bad end)\n" : "\n");
  text += "  Culprit:  " + evidence_text(report.culprit_row->standing) + "\n";
  for (const auto& parent : report.parent_rows)
    text += "  Parent:   " + short_id(parent.candidate.id) + " " + evidence_text(parent.standing) + "\n";
}

void add_conclusion(std::string& text, const Report& report) {
  switch (report.conclusion->kind) {
    case Conclusion::Kind::found:
      return add_culprit(text, report);
    case Conclusion::Kind::inconclusive:
      text += "inconclusive: " + printable(report.conclusion->reason) + "\n";
      break;
    case Conclusion::Kind::only_skips_left:
      text += "There are only 'skip'ped commits left to test.\nThe first bad commit could be any of:\n";
      for (const auto& id : report.conclusion->suspects) text += id.value + "\n";
      text += printable(report.conclusion->reason) + "\n";
      break;
    case Conclusion::Kind::narrowed:
      text += "narrowed: " + printable(report.conclusion->reason) + "; " +
              count_text(report.holding, "candidate") + " hold 90 % of the probability\n";
      if (!report.resume.empty()) text += "go on with: " + report.resume + "\n";
      break;
    case Conclusion::Kind::ends_wrong:
      text += "the ends are not as claimed: " + printable(report.conclusion->reason) + "\n";
      break;
  }
}

void add_next(std::string& text, const Report& report) {
  text += "open: ";
  if (report.next) {
    text += "next is " + short_id(report.next->candidate) + " (" + to_string(report.next->purpose) + ": " +
            printable(report.next->reason) + "), " + count_text(report.next->left, "candidate") + " left";
    if (report.next->soak.count() > 0) text += ", " + duration_text(report.next->soak) + " under load";
  } else {
    text += "waiting for the trials under way";
  }
  text += "\n";
  for (const auto& row : report.running)
    text += "under way: trial " + std::to_string(row.trial) + ", " + candidate_line(row.candidate) +
            (row.booted ? " (under load)\n" : " (its image is made)\n");
}

void add_doubts(std::string& text, const Report& report) {
  for (const auto& doubt : report.doubts) text += "doubt: " + printable(doubt) + "\n";
  for (const auto& row : report.machines)
    if (!row.doubt.empty()) text += "doubt: machine " + printable(row.machine) + " " + row.doubt + "\n";
}

void add_others(std::string& text, const Report& report) {
  for (const auto& crash : report.others) {
    text += "\nAnother crash came " + std::to_string(crash.times) + " times: " + printable(crash.title) +
            " (first in trial " + std::to_string(crash.trial) + ")\n";
    text += "  seen at";
    for (std::size_t i = 0; i < crash.seen.size() && i < k_most_seen; ++i)
      text += (i == 0 ? " " : ", ") + short_id(crash.seen[i].first) + " (" +
              std::to_string(crash.seen[i].second) + ")";
    if (crash.seen.size() > k_most_seen)
      text += " and " + count_text(crash.seen.size() - k_most_seen, "more candidate");
    text += "; from these trials its own culprit is most likely\n";
    for (const auto& [id, probability] : crash.culprits)
      text += "  " + percent_text(probability) + "  " + short_id(id) + "\n";
    text += "  to hunt it instead: --hunt '" + printable(crash.title) + "'\n";
  }
}

void add_machines(std::string& text, const Report& report) {
  if (report.machines.empty()) return;
  text += "\nMachines:\n";
  for (const auto& row : report.machines)
    text += "  " + printable(row.machine) + ": " + count_text(row.trials, "trial") + ", " +
            std::to_string(row.failed) + " failed, " + std::to_string(row.clean) + " clean, " +
            count_text(row.lab_errors, "lab error") + "\n";
}

void add_persons_words(std::string& text, const Report& report) {
  if (report.marks.empty() && report.taken_out.empty()) return;
  text += "\nBy hand:\n";
  for (const auto& mark : report.marks)
    text += "  " + (mark.trial > 0 ? "trial " + std::to_string(mark.trial) + " of " : std::string()) +
            candidate_line(mark.candidate) + ": " + to_string(mark.verdict) +
            (mark.reason.empty() ? "" : ": " + printable(mark.reason)) + "\n";
  for (const auto trial : report.taken_out) text += "  trial " + std::to_string(trial) + " was taken out\n";
}

void add_ranking(std::string& text, const Report& report) {
  if (report.ranking.empty()) return;
  text += "\nMost likely:\n";
  for (const auto& [info, probability] : report.ranking)
    text += "  " + percent_text(probability) + "  " + candidate_line(info) + "\n";
}

void add_oops(std::string& text, const Report& report) {
  if (!report.oops) return;
  text += "\nThe crash (trial " + std::to_string(report.oops_trial) + "):\n";
  std::string_view rest = report.oops_excerpt;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    text += "  | " + std::string(rest.substr(0, end)) + "\n";
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

void add_changes(std::string& text, const Report& report) {
  if (report.changes_file.empty()) return;
  text += "\nThe update brought what " + report.changes_file + " lists";
  text += report.likely_changes.empty() ? ".\n" : "; nearest to this failure in their words:\n";
  for (const auto& change : report.likely_changes) text += "  - " + printable(change) + "\n";
}

void add_earlier(std::string& text, const Report& report) {
  if (report.earlier.empty()) return;
  text += "\nThis goes on from a session that found:\n";
  std::string_view rest = report.earlier;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    text += "  | " + printable(rest.substr(0, end)) + "\n";
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

void add_rows(std::string& text, const Report& report) {
  if (report.rows.empty()) return;
  text += "\nEvidence, in the order asked:\n";
  for (const auto& row : report.rows) {
    std::string verdict = to_string(row.standing.verdict);
    verdict.resize(8, ' ');
    text += "  " + verdict + candidate_line(row.candidate) + "\n";
    text += "          " + std::string(to_string(row.purpose)) + "; " + evidence_text(row.standing) + "\n";
    if (row.standing.verdict == Verdict::bad) text += "          " + printable(row.standing.reason) + "\n";
  }
}

void add_totals(std::string& text, const Report& report) {
  text += "\n" + duration_text(report.elapsed) + " in all: " + count_text(report.trials, "trial") + " (" +
          count_text(report.boots, "boot") + ", " + duration_text(report.booted) + "), " +
          count_text(report.builds, "build") + " (" + duration_text(report.building) + ")";
  if (report.lab_errors > 0) text += ", " + count_text(report.lab_errors, "lab error");
  if (report.resumed > 0) text += ", resumed " + std::to_string(report.resumed) + " times";
  text += "\n";
  for (const auto& note : report.notes) text += "note: " + printable(note) + "\n";
  if (!report.directory.empty()) text += "report and transcripts: " + report.directory + "\n";
}

}  // namespace

std::string report_text(const Report& report) {
  std::string text;
  if (report.conclusion)
    add_conclusion(text, report);
  else
    add_next(text, report);
  add_doubts(text, report);
  add_ranking(text, report);
  add_oops(text, report);
  add_changes(text, report);
  add_earlier(text, report);
  add_others(text, report);
  add_rows(text, report);
  add_machines(text, report);
  add_persons_words(text, report);
  add_totals(text, report);
  return text;
}

}  // namespace kverdict
