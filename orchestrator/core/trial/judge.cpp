#include "orchestrator/core/trial/judge.hpp"

namespace kverdict {
namespace {

Oops pseudo_oops(std::string title, std::string kind) {
  Oops oops;
  oops.title = std::move(title);
  oops.kind = std::move(kind);
  return oops;
}

// A failure that is not the hunted one.
Judgement other(const std::string& what, const HuntPolicy& policy) {
  if (policy.other_crash == OtherCrash::bad) return {Verdict::bad, what + " (any failure counts as bad)"};
  return {Verdict::skip, "another failure: " + what};
}

Judgement judge_failure(const Outcome& outcome, const Signature& hunted, const HuntPolicy& policy) {
  const auto seen = complaints(outcome);
  const Oops* unclear = nullptr;
  for (const auto& oops : seen) {
    if (oops.kind == "hang" && policy.hang == HangPolicy::skip) continue;
    const auto match = kverdict::match(hunted, oops);
    if (match.answer == Match::Answer::same) return {Verdict::bad, oops.title};
    if (match.answer == Match::Answer::unclear && unclear == nullptr) unclear = &oops;
  }
  if (outcome.kind == Outcome::Kind::hung && policy.hang == HangPolicy::bad) return {Verdict::bad, "hang"};
  if (unclear != nullptr && policy.other_crash != OtherCrash::bad)
    return {Verdict::nothing, "a torn report that may be the hunted crash: " + unclear->title};
  return other(seen.empty() ? outcome.detail : seen.front().title, policy);
}

// What the guest survived (a WARNING, an OOM kill) counts only when it is what is hunted, or by policy.
Judgement judge_pass(const Outcome& outcome, const Signature& hunted, const HuntPolicy& policy) {
  const auto policy_of = [&](const Oops& oops) { return oops.complaint ? policy.complaint : policy.warning; };
  for (const auto& oops : outcome.oopses)
    if (policy_of(oops) != WarningPolicy::ignore && match(hunted, oops).answer == Match::Answer::same)
      return {Verdict::bad, oops.title};
  for (const auto& oops : outcome.oopses)
    if (policy_of(oops) == WarningPolicy::count) return other(oops.title, policy);
  return {Verdict::good, "passed"};
}

}  // namespace

std::vector<Oops> complaints(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::crashed:
      return outcome.oopses;
    case Outcome::Kind::hung: {
      auto all = outcome.oopses;
      all.push_back(pseudo_oops("hang", "hang"));  // whatever the NMI or sysrq brought out comes first
      return all;
    }
    case Outcome::Kind::boot_failed:
      return {pseudo_oops("boot failed", "boot")};
    case Outcome::Kind::workload_failed:
      return {pseudo_oops("workload failed: " + outcome.workload, "workload")};
    case Outcome::Kind::inconclusive:
    case Outcome::Kind::passed:
    case Outcome::Kind::build_failed:
    case Outcome::Kind::untestable:
    case Outcome::Kind::stopped:
      return {};
  }
  return {};
}

std::vector<Oops> naming_complaints(const Outcome& outcome) {
  auto all = complaints(outcome);
  if (outcome.kind == Outcome::Kind::crashed && all.size() > 1) all.resize(1);
  return all;
}

Judgement judge(const Outcome& outcome, const Signature& hunted, const HuntPolicy& policy) {
  switch (outcome.kind) {
    case Outcome::Kind::inconclusive:
      return {Verdict::nothing, "lab: " + outcome.detail};
    case Outcome::Kind::stopped:
      return {Verdict::nothing, "stopped: " + outcome.detail};
    case Outcome::Kind::build_failed:
      return {Verdict::skip, "does not build: " + outcome.detail};
    case Outcome::Kind::untestable:
      return {Verdict::skip, "the workload cannot tell: " + outcome.detail};
    case Outcome::Kind::passed:
      return judge_pass(outcome, hunted, policy);
    case Outcome::Kind::crashed:
    case Outcome::Kind::hung:
    case Outcome::Kind::boot_failed:
    case Outcome::Kind::workload_failed:
      return judge_failure(outcome, hunted, policy);
  }
  return {};
}

}  // namespace kverdict
