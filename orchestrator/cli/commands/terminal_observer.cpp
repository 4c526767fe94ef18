#include "orchestrator/cli/commands/terminal_observer.hpp"

#include <algorithm>
#include <cmath>

namespace kverdict {
namespace {

constexpr std::chrono::seconds k_between_lines{30};

Millis between(TimePoint from, TimePoint to) {
  return std::chrono::duration_cast<Millis>(to - from);
}

// Both ends and the culprit's parent come on top of what the search estimates.
std::uint32_t questions_left(const Ask& ask) {
  const auto search = std::log2(static_cast<double>(std::max<std::size_t>(ask.left, 1)));
  const auto steps = static_cast<std::uint32_t>(std::ceil(ask.steps > 0 ? ask.steps : search));
  switch (ask.purpose) {
    case Purpose::bad_end:
      return steps + 2;
    case Purpose::good_end:
    case Purpose::merge_base:
      return steps + 1;
    case Purpose::search:
      return std::max(steps, 1U);
    case Purpose::parent:
      return 1;
  }
  return 1;
}

std::string purpose_word(Purpose purpose) {
  return purpose == Purpose::search ? "" : to_string(purpose);
}

}  // namespace

TerminalObserver::TerminalObserver(const Clock& clock, ProgressLine& line, Terminal terminal,
                                   Describe describe)
    : clock_(clock),
      line_(line),
      terminal_(terminal),
      describe_(std::move(describe)),
      began_(clock.now()),
      entered_(clock.now()),
      said_(clock.now()) {}

void TerminalObserver::enter(Activity activity, std::optional<Millis> expected) {
  entered_ = said_ = clock_.now();
  view_.activity = activity;
  view_.detail.clear();
  view_.activity_expected = expected;
  tick();
}

void TerminalObserver::tick() {
  const auto now = clock_.now();
  view_.activity_elapsed = between(entered_, now);
  view_.elapsed = before_ + between(began_, now);
  view_.left = time_left();
  line_.show(view_);
  say_if_long(now);
}

// Where no line is drawn again, a long build still shows that it lives.
void TerminalObserver::say_if_long(TimePoint now) {
  if (terminal_.redraw == Redraw::in_place || now - said_ < k_between_lines) return;
  said_ = now;
  line_.say(render_progress(view_, terminal_));
}

std::optional<Millis> TerminalObserver::time_left() const {
  const auto expected = pace_.expected(view_.trials_left);
  if (!expected) return std::nullopt;
  return std::max(Millis(0), *expected - std::min(view_.activity_elapsed, *expected));
}

void TerminalObserver::on_ask(const Ask& ask, const State& state) {
  ask_ = ask;
  const auto info = describe_(ask.candidate);
  view_.trial = state.next_trial();
  view_.trials_left = questions_left(ask);
  view_.candidates_left = ask.left;
  view_.candidate = short_id(ask.candidate);
  view_.subject = info.subject;
  if (before_.count() == 0 && state.resumed > 0)
    before_ = std::chrono::duration_cast<Millis>(state.latest - state.began);
  enter(Activity::building, pace_.expected_build());
}

void TerminalObserver::on_build(const BuildProgress& progress) {
  // Builds that run ahead do not touch the line of the guest that runs.
  if (view_.activity != Activity::building || progress.candidate != ask_.candidate) return;
  const auto total = progress.expected > 0 ? " of ~" + std::to_string(progress.expected) : "";
  view_.detail = progress.done > 0 ? std::to_string(progress.done) + total + " objects" : "";
  const auto spent = between(entered_, clock_.now());
  if (progress.expected > 0 && progress.done > 20 && progress.done <= progress.expected)
    view_.activity_expected = Millis(spent.count() * progress.expected / progress.done);
  tick();
}

void TerminalObserver::on_image(const ImageReady& image) {
  if (!image.from_cache) pace_.add_build(image.took);
}

void TerminalObserver::on_boot(const TrialStarted& trial) {
  view_.trial = trial.trial;
  enter(Activity::stressing, pace_.expected_run());
}

void TerminalObserver::on_end(const TrialEnded& trial, const Standing& now) {
  if (trial.run.count() > 0) pace_.add_run(trial.run);
  StepView step;
  step.trial = trial.trial;
  step.candidate = short_id(trial.candidate);
  step.subject = describe_(trial.candidate).subject;
  step.purpose = purpose_word(ask_.purpose);
  step.verdict = now.verdict;
  step.reason = now.verdict == Verdict::nothing ? trial.outcome.detail : now.reason;
  step.build = trial.build;
  step.run = trial.run;
  step.candidates_left = ask_.left;
  step.trials_left = view_.trials_left > 0 ? view_.trials_left - 1 : 0;
  step.left = pace_.expected(step.trials_left);
  line_.step(step);
}

void TerminalObserver::on_note(const std::string& text) {
  line_.say(text);
}

}  // namespace kverdict
