// judge: outcome + hunted signature -> verdict. The only place where a fact becomes an opinion; pure, so that
// every old trial is judged again, for free, when the signature changes.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/core/console/signature.hpp"
#include "orchestrator/core/model/verdict.hpp"
#include "orchestrator/core/trial/outcome.hpp"
#include "orchestrator/core/trial/policy.hpp"

namespace kverdict {

// The ways the outcome failed, by title: its oopses, or, where the kernel said nothing, what was seen
// instead ("hang", "boot failed", "workload failed: NAME"). Empty when it did not fail. These are the titles
// a signature is learnt from and given in, so a hang or a failing script is hunted like a crash.
std::vector<Oops> complaints(const Outcome& outcome);

// The complaints that name the failure: the first oops of a crash (what follows it are consequences), and of
// a hang everything that was brought out. A signature is learnt from these.
std::vector<Oops> naming_complaints(const Outcome& outcome);

// The hunted oops is bad, wherever it stands in the outcome; a torn one that may be it is nothing (ask
// again); another failure is skip, or bad by policy; a failed build or an undecided workload is skip.
Judgement judge(const Outcome& outcome, const Signature& hunted, const HuntPolicy& policy);

}  // namespace kverdict
