// `git bisect log` and back. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/core/question/bisect.hpp"
#include "orchestrator/core/report/report.hpp"

namespace kverdict {

// The session in git's own words, which `git bisect replay` accepts: bad and good, or new and old when a fix
// is sought.
std::string git_bisect_log(const ReportSubject& subject);

// What a log says, in its order; revisions as written.
struct BisectLog {
  struct Answer {
    std::string revision;
    Verdict verdict = Verdict::nothing;
  };
  std::vector<Answer> answers;  // ends given to `start` first
  std::vector<std::string> paths;
  bool first_parent = false;
};

// Reads what git writes (and people edit): comments and blank lines are passed over, words may be quoted,
// old/new and the like are good/bad. Throws UsageError with `name`:LINE for anything else.
BisectLog parse_bisect_log(std::string_view text, const std::string& name);

}  // namespace kverdict
