// The report as markdown, for an issue or a merge request.
#include "orchestrator/core/report/printable.hpp"
#include "orchestrator/core/report/report.hpp"

namespace kverdict {
namespace {

// Text from a repository or a guest must not become markup.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (std::string_view("\\`*_{}[]<>()#+!|").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string runs_text(const Standing& s) {
  if (s.same_code_as) return "same code as `" + short_id(*s.same_code_as) + "`";
  return std::to_string(s.bad) + " bad, " + std::to_string(s.good) + " good of " + std::to_string(s.runs());
}

void add_head(std::string& text, const Report& report) {
  if (!report.conclusion) {
    text += "# Bisection open";
    if (report.next) text += ": next is `" + short_id(report.next->candidate) + "`";
    text += "\n\n";
    return;
  }
  switch (report.conclusion->kind) {
    case Conclusion::Kind::found:
      text += std::string("# First ") + (report.find == Find::fix ? "fixed" : "bad") + " commit: `" +
              short_id(report.culprit->id) + "` " + escaped(report.culprit->subject) + "\n\n";
      break;
    case Conclusion::Kind::inconclusive:
      text += "# Bisection inconclusive\n\n";
      break;
    case Conclusion::Kind::only_skips_left:
      text += "# Bisection narrowed: only skipped commits left\n\n";
      break;
    case Conclusion::Kind::narrowed:
      text += "# Bisection narrowed: the time is over\n\n";
      break;
    case Conclusion::Kind::ends_wrong:
      text += "# Bisection not started: the ends are not as claimed\n\n";
      break;
  }
  if (!report.conclusion->reason.empty()) text += escaped(report.conclusion->reason) + "\n\n";
}

void add_fact(std::string& text, const std::string& name, const std::string& value) {
  text += "| " + name + " | " + value + " |\n";
}

void add_facts(std::string& text, const Report& report) {
  text += "| | |\n|---|---|\n";
  if (report.culprit) {
    add_fact(text, "Commit", "`" + report.culprit->id.value + "`");
    add_fact(text, "Author", escaped(report.culprit->author));
    add_fact(text, "Date", report.culprit->date);
    add_fact(text, "Probability", percent_text(report.probability));
    add_fact(text, "Runs of the culprit", runs_text(report.culprit_row->standing));
    for (const auto& parent : report.parent_rows)
      add_fact(text, "Runs of its parent `" + short_id(parent.candidate.id) + "`",
               runs_text(parent.standing));
  }
  if (!report.title.empty()) add_fact(text, "Crash", "`" + printable(report.title) + "`");
  add_fact(text, "Bad end", "`" + short_id(report.bad_end.id) + "` " + escaped(report.bad_end.subject));
  for (const auto& good : report.good_ends)
    add_fact(text, "Good end", "`" + short_id(good.id) + "` " + escaped(good.subject));
  add_fact(text, "Candidates", std::to_string(report.candidates));
  add_fact(text, "Time",
           duration_text(report.elapsed) + "; " + std::to_string(report.trials) + " trials, " +
               std::to_string(report.builds) + " builds");
}

void add_suspects(std::string& text, const Report& report) {
  if (!report.conclusion || report.conclusion->suspects.size() < 2) return;
  text += "\n## Suspects\n\n";
  for (const auto& id : report.conclusion->suspects) text += "- `" + id.value + "`\n";
}

void add_changes(std::string& text, const Report& report) {
  if (!report.likely_changes.empty()) text += "\n## Changes of the update nearest to this failure\n\n";
  for (const auto& change : report.likely_changes) text += "- " + escaped(change) + "\n";
}

void add_ranking(std::string& text, const Report& report) {
  if (report.ranking.empty()) return;
  text += "\n## Most likely\n\n| probability | candidate |\n|---|---|\n";
  for (const auto& [info, probability] : report.ranking)
    text +=
        "| " + percent_text(probability) + " | `" + short_id(info.id) + "` " + escaped(info.subject) + " |\n";
  text += "\n" + std::to_string(report.holding) + " hold 90 % of the probability.\n";
}

void add_doubts(std::string& text, const Report& report) {
  std::string doubts;
  for (const auto& doubt : report.doubts) doubts += "- " + escaped(doubt) + "\n";
  for (const auto& row : report.machines)
    if (!row.doubt.empty()) doubts += "- machine " + escaped(row.machine) + " " + escaped(row.doubt) + "\n";
  if (!doubts.empty()) text += "\n## Doubts\n\n" + doubts;
}

void add_others(std::string& text, const Report& report) {
  if (report.others.empty()) return;
  text += "\n## Other crashes\n\n| title | trials | its own culprit, most likely |\n|---|---|---|\n";
  for (const auto& crash : report.others) {
    text += "| " + escaped(crash.title) + " | " + std::to_string(crash.times) + " | ";
    for (std::size_t i = 0; i < crash.culprits.size(); ++i)
      text += (i == 0 ? "`" : ", `") + short_id(crash.culprits[i].first) + "` " +
              percent_text(crash.culprits[i].second);
    text += " |\n";
  }
}

void add_machines(std::string& text, const Report& report) {
  if (report.machines.empty()) return;
  text += "\n## Machines\n\n| machine | trials | failed | clean | lab errors |\n|---|---|---|---|---|\n";
  for (const auto& row : report.machines)
    text += "| " + escaped(row.machine) + " | " + std::to_string(row.trials) + " | " +
            std::to_string(row.failed) + " | " + std::to_string(row.clean) + " | " +
            std::to_string(row.lab_errors) + " |\n";
}

void add_persons_words(std::string& text, const Report& report) {
  if (report.marks.empty() && report.taken_out.empty()) return;
  text += "\n## By hand\n\n";
  for (const auto& mark : report.marks)
    text += "- " + (mark.trial > 0 ? "trial " + std::to_string(mark.trial) + " of " : std::string()) + "`" +
            short_id(mark.candidate.id) + "`: " + to_string(mark.verdict) +
            (mark.reason.empty() ? "" : ": " + escaped(mark.reason)) + "\n";
  for (const auto trial : report.taken_out) text += "- trial " + std::to_string(trial) + " was taken out\n";
}

void add_rows(std::string& text, const Report& report) {
  text += "\n## Evidence\n\n| verdict | candidate | asked as | runs | reason |\n|---|---|---|---|---|\n";
  for (const auto& row : report.rows)
    text += "| " + std::string(to_string(row.standing.verdict)) + " | `" + short_id(row.candidate.id) + "` " +
            escaped(row.candidate.subject) + " | " + to_string(row.purpose) + " | " +
            runs_text(row.standing) + " | " + escaped(row.standing.reason) + " |\n";
}

}  // namespace

std::string report_markdown(const Report& report) {
  std::string text;
  add_head(text, report);
  add_facts(text, report);
  add_doubts(text, report);
  add_suspects(text, report);
  add_ranking(text, report);
  if (!report.oops_excerpt.empty()) {
    // Indented code needs no fence that a guest could forge.
    text += "\n## Console\n\n    ";
    for (const char c : report.oops_excerpt) text += c == '\n' ? std::string("\n    ") : std::string(1, c);
    text += "\n";
  }
  add_changes(text, report);
  add_others(text, report);
  add_rows(text, report);
  add_machines(text, report);
  add_persons_words(text, report);
  if (!report.notes.empty()) text += "\n## Notes\n\n";
  for (const auto& note : report.notes) text += "- " + escaped(note) + "\n";
  return text;
}

}  // namespace kverdict
