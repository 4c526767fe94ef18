// Belief: a question's evidence as the posterior takes it. Who was tried and how, what runs right now, what a
// whole run is, when crashes come.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "orchestrator/core/question/plan.hpp"
#include "orchestrator/core/search/crash_time.hpp"
#include "orchestrator/core/search/posterior.hpp"
#include "orchestrator/core/search/probe.hpp"

namespace kverdict {

struct InFlight {
  std::uint32_t trial = 0;
  std::size_t tried = 0;
  bool booted = false;
  double survived = 0;  // share of the crashes that would have come by now
  double soaked = 1;    // and by its end
  double left = 0;      // parts of a whole run to its end
};

class Belief {
 public:
  explicit Belief(const Question& question);

  const Question& question() const { return question_; }
  const CrashTime& crash_time() const { return crash_time_; }
  const Prior& prior() const { return prior_; }
  const RateGrid& grid() const;
  const std::vector<Tried>& tried() const { return tried_; }    // ended runs only
  const std::vector<CandidateId>& ids() const { return ids_; }  // of the tried ones
  const std::vector<InFlight>& in_flight() const { return in_flight_; }
  const Terms& terms() const { return terms_; }
  Turn turn() const;

  // They refer to this belief.
  Posterior posterior(std::vector<Tried> tried) const&;
  // All that is known: ended runs, and what the running ones have survived. Without the latter the posterior
  // is biased, because failures report early and clean runs late.
  Posterior now() const&;
  double reached(const Run& run) const;  // share of the crashes that would have come in it

 private:
  std::size_t tried_number(const CandidateId& id);
  void take_evidence();
  void take_running();
  void set_terms();
  std::vector<TimedCrash> timed_crashes() const;
  double part(std::chrono::milliseconds exposure) const;

  const Question& question_;
  std::chrono::milliseconds whole_;  // run
  CrashTime crash_time_;
  Prior prior_;
  std::vector<Tried> tried_;
  std::vector<CandidateId> ids_;
  std::vector<InFlight> in_flight_;
  Terms terms_;
};

}  // namespace kverdict
