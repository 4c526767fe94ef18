#include "orchestrator/core/question/evidence.hpp"

namespace kverdict {
namespace {

Signature hunted_signature(const State& state, const HuntPolicy& hunt) {
  if (!hunt.titles.empty()) return signature_of(hunt.titles);
  Signature learnt;
  for (const auto& trial : state.trials) {
    if (!trial.counts() || trial.candidate != state.opened.bad) continue;
    for (const auto& oops : naming_complaints(trial.ended->outcome)) learn(learnt, oops);
  }
  return learnt;
}

bool never_under_load(const Outcome& outcome) {
  return outcome.kind == Outcome::Kind::build_failed || outcome.kind == Outcome::Kind::boot_failed ||
         outcome.kind == Outcome::Kind::untestable || outcome.exposure.count() == 0;
}

void count(Standing& standing, const Judgement& judgement, const Outcome& outcome) {
  switch (judgement.verdict) {
    case Verdict::bad:
      ++standing.bad;
      return;
    case Verdict::good:
      ++standing.good;
      return;
    case Verdict::skip:
      ++standing.skipped;
      ++(never_under_load(outcome) ? standing.broken : standing.foreign);
      return;
    case Verdict::nothing:
      if (outcome.kind == Outcome::Kind::stopped)
        ++standing.stopped;
      else if (outcome.kind == Outcome::Kind::inconclusive)
        ++standing.lab_errors;
      else
        ++standing.unclear;
      return;
  }
}

// What a run says of the hunted failure. A guest that was stopped, hung or died of something else was still
// free of it until then.
std::optional<Run> as_evidence(const Trial& trial, const Judgement& judgement) {
  const auto& outcome = trial.ended->outcome;
  Run run{Run::Kind::clean, trial.number, outcome.exposure, trial.soak, false, trial.ended->machine};
  switch (judgement.verdict) {
    case Verdict::bad:
      run.kind = Run::Kind::failed;
      return run;
    case Verdict::good:
      run.whole = trial.soak.count() == 0;
      return run;
    case Verdict::skip:
    case Verdict::nothing:
      break;
  }
  const bool torn = judgement.verdict == Verdict::nothing && outcome.kind == Outcome::Kind::crashed;
  if (trial.mark || torn || outcome.exposure.count() == 0) return std::nullopt;
  return run;
}

// Harder verdicts replace softer ones; the reason is that of the first run with the verdict that stands.
void settle(Standing& standing, const Judgement& judgement) {
  const auto rank = [](Verdict v) {
    switch (v) {
      case Verdict::nothing:
        return 0;
      case Verdict::skip:
        return 1;
      case Verdict::good:
        return 2;
      case Verdict::bad:
        return 3;
    }
    return 0;
  };
  if (standing.reason.empty() || rank(judgement.verdict) > rank(standing.verdict)) {
    standing.verdict = judgement.verdict;
    standing.reason = judgement.reason;
  }
}

// A guest that dies of something else before it is under load may be a starved one that mis-measured its
// clock: asked once more before it is a skip.
bool may_be_the_lab(const Judgement& judgement, const Outcome& outcome, const Standing& standing) {
  const bool died = outcome.kind == Outcome::Kind::crashed || outcome.kind == Outcome::Kind::boot_failed;
  return judgement.verdict == Verdict::skip && died && outcome.exposure.count() == 0 && standing.unclear == 0;
}

// A stall while the host was starved is asked again; one that comes again is the kernel's.
bool is_suspect(const Judgement& judgement, const Outcome& outcome, const Standing& standing) {
  const bool counts = judgement.verdict == Verdict::bad || judgement.verdict == Verdict::skip;
  return counts && !outcome.suspect.empty() && standing.unclear == 0;
}

void give_up_unclear(Standing& standing) {
  if (standing.verdict != Verdict::nothing || standing.unclear < k_unclear_limit) return;
  standing.verdict = Verdict::skip;
  standing.reason += " (" + std::to_string(standing.unclear) + " times; given up)";
}

Judgement marked(const Marked& mark) {
  return {mark.verdict, "marked by hand" + (mark.reason.empty() ? "" : ": " + mark.reason)};
}

// A person's word on a candidate stands over what its trials said.
void apply_mark(Standing& standing, const Marked& mark) {
  const auto word = marked(mark);
  standing.marked = true;
  standing.verdict = word.verdict;
  standing.reason = word.reason;
}

// A kernel whose code was judged already needs no boot of its own.
void share_verdicts_of_equal_code(Evidence& evidence, const State& state) {
  std::map<std::string, CandidateId> judged;
  for (const auto& [id, image] : state.images) {
    const auto& standing = evidence.of(id);
    if (!image.code.empty() && (standing.good + standing.bad) > 0) judged.emplace(image.code, id);
  }
  for (const auto& [id, image] : state.images) {
    const auto twin = judged.find(image.code);
    if (twin == judged.end() || evidence.of(id).runs() > 0) continue;
    Standing standing;
    standing.verdict = evidence.of(twin->second).verdict;
    standing.reason = evidence.of(twin->second).reason;
    standing.same_code_as = twin->second;
    evidence.standings[id] = standing;
  }
}

}  // namespace

const Standing& Evidence::of(const CandidateId& id) const {
  static const Standing k_blank;
  const auto found = standings.find(id);
  return found == standings.end() ? k_blank : found->second;
}

const Outcome* failure_at_bad_end(const State& state) {
  for (const auto& trial : state.trials)
    if (trial.counts() && trial.candidate == state.opened.bad && !complaints(trial.ended->outcome).empty())
      return &trial.ended->outcome;
  return nullptr;
}

Evidence weigh(const State& state, const HuntPolicy& hunt) {
  Evidence evidence;
  evidence.hunted = hunted_signature(state, hunt);
  evidence.learnt = hunt.titles.empty();
  for (const auto& trial : state.trials) {
    if (!trial.counts()) continue;
    const auto& outcome = trial.ended->outcome;
    auto judgement = trial.mark ? marked(*trial.mark) : judge(outcome, evidence.hunted, hunt);
    auto& standing = evidence.standings[trial.candidate];
    if (!trial.mark && may_be_the_lab(judgement, outcome, standing))
      judgement = {Verdict::nothing, judgement.reason + " (before the load; asked again)"};
    if (!trial.mark && is_suspect(judgement, outcome, standing))
      judgement = {Verdict::nothing, judgement.reason + " (" + outcome.suspect + "; asked again)"};
    standing.trials.push_back(trial.number);
    standing.exposure += outcome.exposure;
    count(standing, judgement, outcome);
    settle(standing, judgement);
    if (auto run = as_evidence(trial, judgement)) standing.record.push_back(std::move(*run));
  }
  for (auto& [id, standing] : evidence.standings) give_up_unclear(standing);
  for (const auto& [id, mark] : state.marks) apply_mark(evidence.standings[id], mark);
  share_verdicts_of_equal_code(evidence, state);
  return evidence;
}

}  // namespace kverdict
