// An old session taken up from its journal: configuration, source, range, state.
#pragma once

#include <string>

#include "orchestrator/cli/commands/places.hpp"
#include "orchestrator/cli/options.hpp"
#include "orchestrator/core/journal/state.hpp"
#include "orchestrator/core/report/report.hpp"
#include "orchestrator/drive/session.hpp"
#include "orchestrator/sources/git_source.hpp"

namespace kverdict {

// Everything that can be said of a session without running it.
struct OpenedSession {
  SessionPlace place;
  State state;
  Config config;
  GitSource source;
  Range range;
  SessionRules rules;

  Describe describe();
  ParentsOf parents_of();
  Evidence evidence() const { return weigh(state, rules.hunt); }
  Decision decision();
  Report report();  // with the oops quoted from its transcript
};

// By the name that the user gave (see find_session).
OpenedSession open_session(const Invocation& invocation, const std::string& text);

// Digest of a range: equal when the same candidates stand in the same order.
std::string range_digest(const Range& range);
// The range that a journal's session is about, from the repository as it is now. UsageError when that does
// not hold it any more.
Range same_range(GitSource& source, const SessionOpened& opened, const Config& config);

}  // namespace kverdict
