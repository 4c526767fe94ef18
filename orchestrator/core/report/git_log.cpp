// A session as `git bisect log` writes it.
#include <set>

#include "orchestrator/core/report/report.hpp"
#include "orchestrator/core/report/printable.hpp"

namespace kverdict {
namespace {

const char* git_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::bad:
      return "bad";
    case Verdict::good:
      return "good";
    case Verdict::skip:
      return "skip";
    case Verdict::nothing:
      return nullptr;
  }
  return nullptr;
}

void add_answer(std::string& log, const CandidateInfo& info, const char* word) {
  log += "# " + std::string(word) + ": [" + info.id.value + "] " + printable(info.subject) + "\n";
  log += "git bisect " + std::string(word) + " " + info.id.value + "\n";
}

}  // namespace

// The ends come first, as the session's claim: git refuses other answers before it knows both.
std::string git_bisect_log(const State& state, const Range& range, const Evidence& evidence,
                           const Describe& describe) {
  std::string log = "git bisect start\n";
  std::set<CandidateId> said{range.bad};
  add_answer(log, describe(range.bad), "bad");
  for (const auto& good : range.goods)
    if (said.insert(good).second) add_answer(log, describe(good), "good");
  std::vector<CandidateId> order;
  for (const auto& trial : state.trials) order.push_back(trial.candidate);
  for (const auto& [id, standing] : evidence.standings) order.push_back(id);
  for (const auto& id : order) {
    const auto* word = git_word(evidence.of(id).verdict);
    if (word != nullptr && said.insert(id).second) add_answer(log, describe(id), word);
  }
  return log;
}

}  // namespace kverdict
