// The report as one JSON object.
#include <nlohmann/json.hpp>

#include "orchestrator/core/journal/codec.hpp"
#include "orchestrator/core/report/report.hpp"

namespace kverdict {
namespace {

using Json = nlohmann::ordered_json;

Json info_json(const CandidateInfo& info) {
  Json parents = Json::array();
  for (const auto& parent : info.parents) parents.push_back(parent.value);
  return {{"id", info.id.value},
          {"subject", info.subject},
          {"author", info.author},
          {"date", info.date},
          {"parents", parents}};
}

Json row_json(const ReportRow& row) {
  const auto& s = row.standing;
  Json j{{"candidate", info_json(row.candidate)},
         {"asked_as", to_string(row.purpose)},
         {"verdict", to_string(s.verdict)},
         {"reason", s.reason},
         {"bad", s.bad},
         {"good", s.good},
         {"skipped", s.skipped},
         {"lab_errors", s.lab_errors},
         {"unclear", s.unclear},
         {"exposure_ms", s.exposure.count()},
         {"trials", s.trials}};
  if (s.same_code_as) j["same_code_as"] = s.same_code_as->value;
  return j;
}

const char* name_of(Conclusion::Kind kind) {
  switch (kind) {
    case Conclusion::Kind::found:
      return "found";
    case Conclusion::Kind::inconclusive:
      return "inconclusive";
    case Conclusion::Kind::only_skips_left:
      return "only_skips_left";
    case Conclusion::Kind::narrowed:
      return "narrowed";
    case Conclusion::Kind::ends_wrong:
      return "ends_wrong";
  }
  return "";
}

Json running_json(const RunningRow& row) {
  return {{"trial", row.trial},
          {"candidate", row.candidate.id.value},
          {"asked_as", to_string(row.purpose)},
          {"booted", row.booted}};
}

Json other_json(const OtherFailure& crash) {
  Json j{{"title", crash.title}, {"times", crash.times}, {"trial", crash.trial}};
  j["seen"] = Json::array();
  for (const auto& [id, times] : crash.seen) j["seen"].push_back({{"id", id.value}, {"times", times}});
  j["ranking"] = Json::array();
  for (const auto& [id, p] : crash.culprits) j["ranking"].push_back({{"id", id.value}, {"probability", p}});
  return j;
}

Json machine_json(const MachineRow& row) {
  return {{"machine", row.machine}, {"trials", row.trials},         {"failed", row.failed},
          {"clean", row.clean},     {"lab_errors", row.lab_errors}, {"doubt", row.doubt}};
}

Json mark_json(const MarkRow& mark) {
  return {{"candidate", mark.candidate.id.value},
          {"trial", mark.trial},
          {"verdict", to_string(mark.verdict)},
          {"reason", mark.reason}};
}

template <class Rows, class ToJson>
Json list_json(const Rows& rows, ToJson to_json) {
  Json list = Json::array();
  for (const auto& row : rows) list.push_back(to_json(row));
  return list;
}

const char* name_of(Find find) {
  switch (find) {
    case Find::regression:
      return "regression";
    case Find::fix:
      return "fix";
    case Find::any_change:
      return "any-change";
  }
  return "";
}

// What there is beside the answer.
void add_beside(Json& j, const Report& report) {
  j["method"] = report.method == Method::bayes ? "bayes" : "classic";
  j["find"] = name_of(report.find);
  j["resume"] = report.resume;
  j["running"] = list_json(report.running, running_json);
  j["holding_90"] = report.holding;
  j["doubts"] = report.doubts;
  j["other_crashes"] = list_json(report.others, other_json);
  j["machines"] = list_json(report.machines, machine_json);
  j["marks"] = list_json(report.marks, mark_json);
  j["taken_out"] = report.taken_out;
}

}  // namespace

std::string report_json(const Report& report) {
  Json j{{"schema", 1},
         {"session", report.session},
         {"directory", report.directory},
         {"program", report.program}};
  j["result"] = report.conclusion ? name_of(report.conclusion->kind) : "open";
  if (report.conclusion) j["reason"] = report.conclusion->reason;
  if (report.culprit) {
    j["culprit"] = info_json(*report.culprit);
    j["probability"] = report.probability;
    j["culprit_evidence"] = row_json(*report.culprit_row);
    j["parents_evidence"] = Json::array();
    for (const auto& row : report.parent_rows) j["parents_evidence"].push_back(row_json(row));
  }
  j["suspects"] = Json::array();
  if (report.conclusion)
    for (const auto& id : report.conclusion->suspects) j["suspects"].push_back(id.value);
  j["crash"] = {{"title", report.title},
                {"learnt", report.learnt},
                {"trial", report.oops_trial},
                {"console", report.oops_excerpt}};
  if (report.oops) j["crash"]["trace"] = Json::array();
  if (report.oops)
    for (const auto& frame : report.oops->trace) j["crash"]["trace"].push_back(frame.function);
  j["bad_end"] = info_json(report.bad_end);
  j["good_ends"] = Json::array();
  for (const auto& good : report.good_ends) j["good_ends"].push_back(info_json(good));
  if (report.next)
    j["next"] = {{"candidate", report.next->candidate.value},
                 {"asked_as", to_string(report.next->purpose)},
                 {"reason", report.next->reason},
                 {"left", report.next->left},
                 {"steps", report.next->steps},
                 {"soak_ms", report.next->soak.count()}};
  add_beside(j, report);
  j["ranking"] = Json::array();
  for (const auto& [info, p] : report.ranking)
    j["ranking"].push_back({{"id", info.id.value}, {"probability", p}});
  j["evidence"] = Json::array();
  for (const auto& row : report.rows) j["evidence"].push_back(row_json(row));
  j["totals"] = {{"candidates", report.candidates},
                 {"trials", report.trials},
                 {"boots", report.boots},
                 {"builds", report.builds},
                 {"lab_errors", report.lab_errors},
                 {"resumed", report.resumed},
                 {"elapsed_ms", report.elapsed.count()},
                 {"building_ms", report.building.count()},
                 {"running_ms", report.booted.count()}};
  if (!report.changes_file.empty())
    j["changes"] = {{"file", report.changes_file}, {"likely", report.likely_changes}};
  if (!report.earlier.empty()) j["earlier"] = report.earlier;
  j["notes"] = report.notes;
  return j.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kverdict
