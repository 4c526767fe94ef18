// An old session taken up from its journal: configuration, candidates, range, state.
#pragma once

#include <string>

#include "orchestrator/cli/commands/candidates.hpp"
#include "orchestrator/cli/commands/places.hpp"
#include "orchestrator/cli/options.hpp"
#include "orchestrator/core/journal/state.hpp"
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
  Decision decision();
  Report report();  // with the oops quoted from its transcript, and the package's changes

 private:
  void add_changes(Report& report) const;
};

// By the name that the user gave (see find_session).
OpenedSession open_session(const Invocation& invocation, const std::string& text);

}  // namespace kverdict
