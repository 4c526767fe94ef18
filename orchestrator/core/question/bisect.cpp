#include "orchestrator/core/question/bisect.hpp"

#include <algorithm>

#include "orchestrator/core/search/classic.hpp"

namespace kverdict {
namespace {

using MaybeDecision = std::optional<Decision>;

Conclusion ends_wrong(const std::string& what) {
  return {Conclusion::Kind::ends_wrong, {}, {}, what, {}, {}};
}

std::string times(unsigned n) {
  return n == 1 ? "once" : std::to_string(n) + " times";
}

MaybeDecision check_bad_end(const Range& range, const Evidence& evidence, const BisectRules& rules) {
  const auto& standing = evidence.of(range.bad);
  switch (standing.verdict) {
    case Verdict::bad:
      return std::nullopt;
    case Verdict::nothing:
      break;
    case Verdict::skip:
      return ends_wrong("the bad end " + short_id(range.bad) +
                        " does not show the hunted failure: " + standing.reason);
    case Verdict::good:
      if (standing.good < rules.end_runs) break;
      return ends_wrong("the bad end " + short_id(range.bad) + " passed " + times(standing.good) +
                        "; raise the workload's duration or bisect.end_runs, or check the bad end");
  }
  return Ask{range.bad, Purpose::bad_end, "the bad end must fail", range.history.size(), 0, {}};
}

// An end that must pass: a good end or a merge base.
MaybeDecision check_good(const CandidateId& id, Purpose purpose, const Evidence& evidence, const Range& range,
                         unsigned runs) {
  const bool base = purpose == Purpose::merge_base;
  const std::string name = (base ? "the merge base " : "the good end ") + short_id(id);
  const auto& standing = evidence.of(id);
  switch (standing.verdict) {
    case Verdict::bad:
      return ends_wrong(name + " is bad: " + standing.reason +
                        (base
                             ? "; the bug was fixed on the way to the good end: bisect from there for the fix"
                             : "; choose an older good end"));
    case Verdict::skip:
      // git goes on when a merge base cannot be tested, with a warning; a good end we want to have seen pass.
      if (base) return std::nullopt;
      return ends_wrong(name + " cannot be shown good: " + standing.reason);
    case Verdict::good:
      if (standing.same_code_as || standing.good >= runs) return std::nullopt;
      break;
    case Verdict::nothing:
      break;
  }
  return Ask{id, purpose, base ? "a merge base must pass" : "a good end must pass", range.history.size(),
             0,  {}};
}

MaybeDecision check_ends(const Range& range, const Evidence& evidence, const BisectRules& rules) {
  if (auto decision = check_bad_end(range, evidence, rules)) return decision;
  for (const auto& id : range.goods)
    if (auto decision = check_good(id, Purpose::good_end, evidence, range, rules.end_runs)) return decision;
  for (const auto& id : range.merge_bases)
    if (auto decision = check_good(id, Purpose::merge_base, evidence, range, 1)) return decision;
  return std::nullopt;
}

std::vector<Asked> settled(const Range& range, const Evidence& evidence) {
  std::vector<Asked> asked;
  for (const auto& [id, standing] : evidence.standings)
    if (const auto at = range.history.find(id); at && standing.verdict != Verdict::nothing)
      asked.push_back({*at, standing.verdict});
  return asked;
}

// A bad ancestor of a good commit: introduced, mended, introduced again, or a crash that shows only
// sometimes.
std::optional<Conclusion> contradiction(const Range& range, const std::vector<Asked>& asked) {
  for (const auto& good : asked) {
    if (good.verdict != Verdict::good) continue;
    const auto ancestors = range.history.ancestors(good.at);
    for (const auto& bad : asked) {
      if (bad.verdict != Verdict::bad || !ancestors[index_of(bad.at)]) continue;
      return Conclusion{Conclusion::Kind::inconclusive,
                        {},
                        {range.history.id(bad.at), range.history.id(good.at)},
                        short_id(range.history.id(bad.at)) + " is bad but its descendant " +
                            short_id(range.history.id(good.at)) +
                            " passed: the failure shows only sometimes, or it came twice; "
                            "raise the workload's duration or bisect.end_runs",
                        {},
                        {}};
    }
  }
  return std::nullopt;
}

std::optional<Conclusion> too_many_skips(const Range& range, const std::vector<Asked>& asked,
                                         const BisectRules& rules) {
  std::vector<CandidateId> skipped;
  for (const auto& answer : asked)
    if (answer.verdict == Verdict::skip) skipped.push_back(range.history.id(answer.at));
  if (rules.skip_limit == 0 || skipped.size() < rules.skip_limit) return std::nullopt;
  const auto count = std::to_string(skipped.size());
  return Conclusion{Conclusion::Kind::only_skips_left,
                    {},
                    std::move(skipped),
                    count + " candidates could not be tested (bisect.skip_limit); these were skipped",
                    {},
                    {}};
}

// Known good without having been asked: a good end, or, inside the history, an ancestor of one that passed.
Decision confirm(const Evidence& evidence, const ParentsOf& parents_of, const CandidateId& culprit) {
  for (const auto& parent : parents_of(culprit)) {
    const auto& standing = evidence.of(parent);
    if (standing.verdict == Verdict::nothing)
      return Ask{parent, Purpose::parent, "a parent of the culprit must pass", 1, 1, {}};
    if (standing.verdict == Verdict::bad)
      return Conclusion{Conclusion::Kind::inconclusive,
                        culprit,
                        {culprit, parent},
                        "the culprit's parent " + short_id(parent) + " is bad too: " + standing.reason,
                        {},
                        {}};
  }
  return Conclusion{Conclusion::Kind::found, culprit, {culprit}, evidence.of(culprit).reason, {}, {}};
}

std::vector<CandidateId> ids_of(const History& history, const std::vector<Position>& positions) {
  std::vector<CandidateId> ids;
  for (const auto p : positions) ids.push_back(history.id(p));
  return ids;
}

// A long workload leaves time for the choices after the next one.
constexpr std::size_t k_most_ahead = 6;

void add_later_choices(const Range& range, const Evidence& evidence, const Ask& running,
                       std::vector<CandidateId>& next) {
  const auto at = range.history.find(running.candidate);
  if (running.purpose != Purpose::search || !at) return;
  for (const auto later : likely_next(range.history, settled(range, evidence), *at, k_most_ahead)) {
    const auto& id = range.history.id(later);
    if (std::find(next.begin(), next.end(), id) == next.end()) next.push_back(id);
  }
}

}  // namespace

Decision decide(const Range& range, const Evidence& evidence, const BisectRules& rules,
                const ParentsOf& parents_of) {
  if (auto decision = check_ends(range, evidence, rules)) return *decision;
  const auto asked = settled(range, evidence);
  if (auto conclusion = contradiction(range, asked)) return *conclusion;
  if (auto conclusion = too_many_skips(range, asked, rules)) return *conclusion;
  const auto choice = choose_classic(range.history, asked);
  switch (choice.kind) {
    case Choice::Kind::ask:
      return Ask{
          range.history.id(choice.candidate), Purpose::search, choice.reason, choice.left, choice.steps, {}};
    case Choice::Kind::found:
      return confirm(evidence, parents_of, range.history.id(choice.candidate));
    case Choice::Kind::only_skips_left:
      return Conclusion{Conclusion::Kind::only_skips_left,
                        {},
                        ids_of(range.history, choice.suspects),
                        choice.reason,
                        {},
                        {}};
  }
  return Conclusion{Conclusion::Kind::inconclusive, {}, {}, choice.reason, {}, {}};
}

std::vector<CandidateId> likely_next(const Range& range, const Evidence& evidence, const BisectRules& rules,
                                     const ParentsOf& parents_of, const Ask& running) {
  // A crash ends a trial early, so its successor is wanted first; while the trial survives there is time for
  // the other one.
  std::vector<CandidateId> next;
  for (const auto verdict : {Verdict::bad, Verdict::good}) {
    auto supposed = evidence;
    auto& standing = supposed.standings[running.candidate];
    standing.verdict = verdict;
    ++(verdict == Verdict::bad ? standing.bad : standing.good);
    const auto decision = decide(range, supposed, rules, parents_of);
    const auto* ask = std::get_if<Ask>(&decision);
    if (ask == nullptr || ask->candidate == running.candidate) continue;
    if (std::find(next.begin(), next.end(), ask->candidate) == next.end()) next.push_back(ask->candidate);
  }
  add_later_choices(range, evidence, running, next);
  return next;
}

int exit_code(const Conclusion& conclusion) {
  switch (conclusion.kind) {
    case Conclusion::Kind::found:
      return 0;
    case Conclusion::Kind::inconclusive:
    case Conclusion::Kind::narrowed:
    case Conclusion::Kind::only_skips_left:
      return 3;
    case Conclusion::Kind::ends_wrong:
      return 5;
  }
  return 3;
}

}  // namespace kverdict
