// classic: bisection as git does it, on the same history to the same choices.
//
// Without skips each choice, ties included, is the one `git bisect` makes (its approximate halving and the
// order in which it looks are part of the contract). With a skip among the suspects git leaves the optimum
// by a pseudo-random distance; here the choice is the candidate with the most expected information, where
// the chance of another skip falls with the distance from skipped ones (skip_model in classic.cpp).
//
// Other methods (bayes) get a header like this one beside it; drive picks the function from its table.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "orchestrator/core/search/suspects.hpp"

namespace kverdict {

struct Choice {
  enum class Kind {
    only_skips_left,  // nothing left that could be asked: the culprit is among the suspects
    ask,
    found,
  };
  Kind kind = Kind::only_skips_left;
  Position candidate{};  // to ask, or found
  std::vector<Position>
      suspects;          // of only_skips_left, newest first; empty: the answers contradict each other
  std::string reason;    // one line
  std::size_t left = 0;  // candidates still suspect
  double steps = 0;      // more answers needed, roughly, as git estimates them
};

// The bad end counts as bad only when it is among the answers; as long as no answer is bad, the newest
// candidate is asked. Several bad answers: the culprit is an ancestor of all of them.
Choice choose_classic(const History& history, const std::vector<Asked>& asked);

// At most n candidates that will be asked next, most likely first, while `running` is not answered yet: what
// would be chosen if it came out good or bad, and so on. Never `running` itself, nor an answered one.
std::vector<Position> likely_next(const History& history, const std::vector<Asked>& asked, Position running,
                                  std::size_t n);

}  // namespace kverdict
