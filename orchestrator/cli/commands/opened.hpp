// An old session taken up from its journal: configuration, candidates, range, state.
#pragma once

#include <string>

#include "orchestrator/cli/commands/candidates.hpp"
#include "orchestrator/cli/commands/places.hpp"
#include "orchestrator/cli/options.hpp"
#include "orchestrator/core/journal/state.hpp"
#include "orchestrator/core/question/survey.hpp"
#include "orchestrator/core/report/report.hpp"
#include "orchestrator/drive/session.hpp"

namespace kverdict {

// Everything that can be said of a session without running it.
struct OpenedSession {
  SessionPlace place;
  State state;
  Config config;
  Candidates source;
  Range range;
  SessionRules rules;

  Describe describe();
  ParentsOf parents_of();
  Evidence evidence() const { return weigh(state, rules.hunt); }
  // What would be done now. Trials count as running only while somebody runs the session.
  Plan plan();
  // Works from any directory: a session that is not in the usual place is named by its path.
  std::string resume_line() const;
  Report report();  // with the oops quoted from its transcript, and the package's changes

 private:
  void add_changes(Report& report) const;
};

// By the name that the user gave (see find_session).
OpenedSession open_session(const Invocation& invocation, const std::string& text);
SessionPlace place_of_session(const Invocation& invocation, const std::string& text);
// From the state of its journal.
OpenedSession open_session(SessionPlace place, State state);

// The trial whose number the text is; null when it is none, or names none.
const Trial* trial_numbered(const State& state, const std::string& text);

// The rules with what only the history can tell: how likely each candidate is before anything was asked.
SessionRules rules_for(const Config& config, Candidates& source, const Range& range);

}  // namespace kverdict
