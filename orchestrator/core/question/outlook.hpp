// Outlook: what is believed at this moment, for people: who it may be, how sure, where it was asked, what is
// odd. For status, watch and the report.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/core/question/plan.hpp"

namespace kverdict {

struct Outlook {
  std::vector<Ranked> ranking;      // the likeliest first, bounded
  double bits = 0;                  // entropy of the culprit: 2^bits candidates are as good as left
  double rate = 0;                  // how often the bug shows in a whole run of a bad kernel, in the mean
  double nowhere = 0;               // chance that none of the candidates is the culprit
  std::vector<std::string> doubts;  // a sentence each
  std::string plot;                 // lines: the mass over the history, and what was asked
};

Outlook outlook(const Question& question, unsigned width = 64);

// The likeliest candidates of a posterior.
class Posterior;
std::vector<Ranked> rank(const Question& question, const Posterior& posterior);

}  // namespace kverdict
