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
                 {"left", report.next->left},
                 {"steps", report.next->steps}};
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
                 {"running_ms", report.running.count()}};
  if (!report.changes_file.empty())
    j["changes"] = {{"file", report.changes_file}, {"likely", report.likely_changes}};
  if (!report.earlier.empty()) j["earlier"] = report.earlier;
  j["notes"] = report.notes;
  return j.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kverdict
