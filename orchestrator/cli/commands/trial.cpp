// trial: one candidate by hand, or for `git bisect run`.
#include <cstdio>
#include <iostream>

#include "orchestrator/cli/commands/commands.hpp"
#include "orchestrator/cli/commands/interrupt.hpp"
#include "orchestrator/cli/commands/lab.hpp"
#include "orchestrator/cli/commands/terminal_observer.hpp"
#include "orchestrator/core/journal/codec.hpp"
#include "orchestrator/drive/outcomes.hpp"
#include "runners/error.hpp"
#include "runners/host/log.hpp"
#include "runners/host/steady_clock.hpp"

namespace kverdict {
namespace {

// git bisect run: 0 good, 1 bad, 125 cannot be tested, 128 and above stop the bisection.
constexpr int k_lab_failed = 132;

int code_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return 0;
    case Verdict::bad:
      return 1;
    case Verdict::skip:
      return 125;
    case Verdict::nothing:
      return k_lab_failed;
  }
  return k_lab_failed;
}

// With no title to hunt, a failure is the failure: bad.
Judgement judge_alone(const Outcome& outcome, HuntPolicy policy) {
  if (policy.titles.empty()) policy.other_crash = OtherCrash::bad;
  return judge(outcome, signature_of(policy.titles), policy);
}

class OneTrial {
 public:
  OneTrial(const Config& config, RunnerOpener opener, Candidates& candidates, const CandidateId& id)
      : config_(config),
        opener_(std::move(opener)),
        id_(id),
        places_(find_places(config)),
        images_(make_images(config, places_, candidates, clock_, pool_)) {}

  int run() {
    open_log(places_.state / "trial.log", LogLevel::info);
    return run_interruptible(context_, body());
  }
  const Outcome& outcome() const { return outcome_; }
  std::filesystem::path directory() const {
    return places_.state / "trials" / trial_directory(1, id_).substr(5);
  }

 private:
  Task<int> body() {
    auto opening = opener_(clock_);
    auto runner = co_await std::move(opening);
    auto sweeping = runner->sweep();
    co_await std::move(sweeping);
    const auto time_scale = runner->traits().time_scale;
    auto building = images_.provider->image_for(id_);
    auto result = co_await std::move(building);
    if (const auto* failure = std::get_if<BuildFailure>(&result)) {
      outcome_ = build_outcome(*failure);
      co_return 0;
    }
    TrialDriver trials(*runner, clock_, plan_trials(config_, places_, time_scale).make_initramfs,
                       settings_for(config_, places_, time_scale));
    StopSwitch never(context_.get_executor());
    TrialOrder order{"trial-" + directory().filename().string(), std::get<BuiltImage>(result).image,
                     directory()};
    auto running = trials.run(std::move(order), never);
    auto run = co_await std::move(running);
    outcome_ = std::move(run.outcome);
    co_return 0;
  }

  const Config& config_;
  RunnerOpener opener_;
  CandidateId id_;
  SteadyClock clock_;
  boost::asio::io_context context_{1};
  BlockingPool pool_{1};
  Places places_;
  Images images_;
  Outcome outcome_;
};

void say(const Invocation& invocation, const OneTrial& trial, const CandidateInfo& info,
         const Judgement& judgement) {
  if (invocation.form == OutputForm::json) {
    std::cout << encode_outcome(trial.outcome()) << std::endl;
    return;
  }
  std::cout << to_string(judgement.verdict) << ": " << short_id(info.id) << " " << printable(info.subject)
            << ": " << printable(judgement.reason) << std::endl;
  if (!trial.outcome().log_tail.empty()) std::cerr << printable_lines(trial.outcome().log_tail);
  std::cerr << "transcript: " << (trial.directory() / "transcript.log").string() << std::endl;
}

}  // namespace

int trial_command(const Invocation& invocation, const TrialCommand& command) {
  const auto loaded = load_config(process_inputs(invocation.config_file, invocation.settings), Need::trial);
  const auto& config = loaded.config;
  auto opener = open_machines(config, find_places(config));
  auto source = Candidates::gather(config, find_places(config));
  const auto id = source.find(command.revision);
  OneTrial trial(config, std::move(opener), source, id);
  if (const int code = trial.run(); code != 0) return code;
  const auto judgement = judge_alone(trial.outcome(), session_rules(config).hunt);
  say(invocation, trial, source.describe(id), judgement);
  return code_of(judgement.verdict);
}

}  // namespace kverdict
