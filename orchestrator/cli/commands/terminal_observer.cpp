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
      said_(clock.now()) {}

// The oldest that is under load, or else the oldest.
const TerminalObserver::Job* TerminalObserver::shown() const {
  const Job* first = nullptr;
  for (const auto& [trial, job] : jobs_) {
    if (job.activity == Activity::stressing) return &job;
    if (first == nullptr) first = &job;
  }
  return first;
}

ProgressView TerminalObserver::view() const {
  const auto now = clock_.now();
  ProgressView view;
  view.trial = jobs_.empty() ? 0 : jobs_.begin()->first;
  view.trials_left = trials_left_;
  view.candidates_left = candidates_left_;
  view.elapsed = before_ + between(began_, now);
  view.left = time_left();
  const auto* job = shown();
  if (job == nullptr) return view;
  view.beside = jobs_.size() - 1;
  view.candidate = short_id(job->ask.candidate);
  view.subject = job->subject;
  view.activity = job->activity;
  view.activity_elapsed = between(job->entered, now);
  view.activity_expected = job->expected;
  view.detail = job->detail;
  return view;
}

void TerminalObserver::tick() {
  line_.show(view());
  say_if_long(clock_.now());
}

// Where no line is drawn again, a long build still shows that it lives.
void TerminalObserver::say_if_long(TimePoint now) {
  if (terminal_.redraw == Redraw::in_place || now - said_ < k_between_lines) return;
  said_ = now;
  line_.say(render_progress(view(), terminal_));
}

std::optional<Millis> TerminalObserver::time_left() const {
  const auto expected = pace_.expected(trials_left_);
  if (!expected || jobs_.empty()) return expected;
  const auto spent = between(jobs_.begin()->second.entered, clock_.now());
  return std::max(Millis(0), *expected - std::min(spent, *expected));
}

void TerminalObserver::on_ask(std::uint32_t trial, const Ask& ask, const State& state) {
  auto& job = jobs_[trial];
  job.ask = ask;
  job.subject = describe_(ask.candidate).subject;
  job.entered = said_ = clock_.now();
  job.expected = pace_.expected_build();
  trials_left_ = questions_left(ask);
  candidates_left_ = ask.left;
  if (before_.count() == 0 && state.resumed > 0)
    before_ = std::chrono::duration_cast<Millis>(state.latest - state.began);
  tick();
}

void TerminalObserver::on_build(const BuildProgress& progress) {
  for (auto& [trial, job] : jobs_) {
    // Builds that run ahead do not touch the line of a trial.
    if (job.activity != Activity::building || progress.candidate != job.ask.candidate) continue;
    const auto total = progress.expected > 0 ? " of ~" + std::to_string(progress.expected) : "";
    job.detail = progress.done > 0 ? std::to_string(progress.done) + total + " objects" : "";
    const auto spent = between(job.entered, clock_.now());
    if (progress.expected > 0 && progress.done > 20 && progress.done <= progress.expected)
      job.expected = Millis(spent.count() * progress.expected / progress.done);
  }
  tick();
}

void TerminalObserver::on_image(const ImageReady& image) {
  if (!image.from_cache) pace_.add_build(image.took);
}

void TerminalObserver::on_boot(const Trial& trial) {
  auto& job = jobs_[trial.number];
  job.activity = Activity::stressing;
  job.detail.clear();
  job.entered = said_ = clock_.now();
  job.expected = pace_.expected_run();
  tick();
}

void TerminalObserver::on_end(const TrialEnded& trial, const Standing& now) {
  if (trial.run.count() > 0 && trial.outcome.kind != Outcome::Kind::stopped) pace_.add_run(trial.run);
  const auto job = jobs_[trial.trial];
  jobs_.erase(trial.trial);
  StepView step;
  step.trial = trial.trial;
  step.candidate = short_id(trial.candidate);
  step.subject = job.subject;
  step.purpose = purpose_word(job.ask.purpose);
  step.verdict = now.verdict;
  step.reason = now.verdict == Verdict::nothing ? trial.outcome.detail : now.reason;
  step.build = trial.build;
  step.run = trial.run;
  step.candidates_left = job.ask.left;
  step.trials_left = trials_left_ > 0 ? trials_left_ - 1 : 0;
  step.left = pace_.expected(step.trials_left);
  line_.step(step);
}

void TerminalObserver::on_note(const std::string& text) {
  line_.say(text);
}

}  // namespace kverdict
