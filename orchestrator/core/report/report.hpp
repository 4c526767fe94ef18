// What there is to say about a session, finished or not, as one value; text, markdown and JSON are its faces.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/core/question/plan.hpp"
#include "orchestrator/core/report/sightings.hpp"

namespace kverdict {

// One candidate that was asked, or that took over a verdict.
struct ReportRow {
  CandidateInfo candidate;
  Purpose purpose = Purpose::search;  // of the first trial
  Standing standing;
};

// A trial under way.
struct RunningRow {
  std::uint32_t trial = 0;
  CandidateInfo candidate;
  Purpose purpose = Purpose::search;
  bool booted = false;  // else it waits for its image
};

// A person's word.
struct MarkRow {
  CandidateInfo candidate;
  std::uint32_t trial = 0;  // 0 = the candidate as a whole
  Verdict verdict = Verdict::nothing;
  std::string reason;
};

struct Report {
  std::string session;
  std::string program;    // version of kverdict
  std::string directory;  // where journal and transcripts are
  bool finished = false;
  std::optional<Conclusion> conclusion;  // none: still open
  std::optional<Ask> next;               // while open
  std::vector<RunningRow> running;       // while open
  Method method = Method::classic;
  Find find = Find::regression;
  std::string resume;  // the command that goes on; filled by the caller, who knows the places

  std::optional<CandidateInfo> culprit;
  double probability = 0;  // of the culprit, given the evidence
  std::optional<ReportRow> culprit_row;
  std::vector<ReportRow> parent_rows;
  std::vector<std::pair<CandidateInfo, double>> ranking;  // most likely candidates, while open or not found
  std::size_t holding = 0;                                // so many candidates hold 90 % of the probability
  std::vector<std::string> doubts;                        // what the search's model cannot explain
  std::vector<OtherFailure> others;                       // crashes with other names that came often
  std::vector<MachineRow> machines;                       // when there are several
  std::vector<MarkRow> marks;
  std::vector<std::uint32_t> taken_out;  // trials that a person took out

  std::string title;             // of the hunted failure
  bool learnt = false;           // from the bad end, not given
  std::optional<Oops> oops;      // the culprit's, or else the bad end's
  std::uint32_t oops_trial = 0;  // whose transcript shows it
  std::string oops_excerpt;      // filled by the caller, who can read files
  // A package's: what its update brought, the likeliest causes. Filled by the caller.
  std::vector<std::string> likely_changes;
  std::string changes_file;  // all of them
  std::string earlier;       // what the session found that this one goes on from

  CandidateInfo bad_end;
  std::vector<CandidateInfo> good_ends;
  std::vector<ReportRow> rows;  // in the order first asked
  std::vector<std::string> notes;

  std::uint64_t candidates = 0;
  std::size_t trials = 0, boots = 0, lab_errors = 0;
  unsigned builds = 0, resumed = 0;
  std::chrono::milliseconds elapsed{0}, building{0}, booted{0};
};

using Describe = std::function<CandidateInfo(const CandidateId&)>;

// What a report is made of.
struct ReportSubject {
  const State& state;
  const Range& range;
  const Evidence& evidence;
  const Plan& plan;
  const BisectRules& rules;
  const Describe& describe;
};

Report make_report(const ReportSubject& subject);

std::string report_text(const Report& report);
std::string report_markdown(const Report& report);
// One JSON object; its keys are documented in the README.
std::string report_json(const Report& report);

// "2 h 05 min", "3 min 20 s", "4.2 s".
std::string duration_text(std::chrono::milliseconds duration);
// "99.4 %"; never "100 %" for what is not certain.
std::string percent_text(double probability);
const char* to_string(Purpose purpose);

}  // namespace kverdict
