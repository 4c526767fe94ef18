#include "orchestrator/drive/session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <cctype>
#include <cstdio>
#include <exception>
#include <utility>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

milliseconds since(const Clock& clock, TimePoint start) {
  return std::chrono::duration_cast<milliseconds>(clock.now() - start);
}

Outcome build_outcome(BuildFailure failure) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::build_failed;
  outcome.detail = std::move(failure.detail);
  outcome.log_tail = std::move(failure.log_tail);
  return outcome;
}

Outcome lab_outcome(const std::string& what) {
  Outcome outcome;
  outcome.detail = what;
  return outcome;
}

}  // namespace

std::string trial_directory(std::uint32_t trial, const CandidateId& candidate) {
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%04u-", trial);
  std::string name = number.data();
  for (const char c : short_id(candidate).substr(0, 40))  // a part of file and domain names
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' ? c : '-';
  return name;
}

Session::Session(SessionParts parts, SessionRules rules)
    : parts_(std::move(parts)), rules_(std::move(rules)) {}

Task<Conclusion> Session::run() {
  Conclusion conclusion;
  std::exception_ptr failure;
  try {
    auto asking = ask_until_answered();
    conclusion = co_await std::move(asking);
  } catch (...) {  // kept, not swallowed: the build that runs ahead must end before anything is unwound
    failure = std::current_exception();
  }
  // A cancelled coroutine throws at its next co_await; what must still be waited for is.
  co_await boost::asio::this_coro::reset_cancellation_state();
  auto stopping = parts_.builds.stop();
  co_await std::move(stopping);
  if (failure) std::rethrow_exception(failure);
  co_return conclusion;
}

Task<Conclusion> Session::ask_until_answered() {
  for (;;) {
    const auto decision = decide(parts_.range, evidence(), rules_.bisect, parts_.parents_of);
    if (const auto* conclusion = std::get_if<Conclusion>(&decision)) {
      parts_.journal.append(SessionClosed{exit_code(*conclusion), conclusion->reason});
      co_return *conclusion;
    }
    auto asking = ask(std::get<Ask>(decision));
    co_await std::move(asking);
    if (lab_errors_in_a_row_ == 0) continue;
    auto waiting = back_off();
    co_await std::move(waiting);
  }
}

Task<void> Session::ask(Ask ask) {
  parts_.observer.on_ask(ask, parts_.journal.state());
  const auto start = parts_.clock.now();
  std::string lab_failure;
  ImageResult result;
  try {
    auto getting = parts_.builds.get(ask.candidate);
    result = co_await std::move(getting);
  } catch (const InfraError& e) {
    lab_failure = e.what();
  }
  const auto waited = since(parts_.clock, start);
  if (!lab_failure.empty()) {
    record_failure(ask, lab_outcome(lab_failure), waited);
  } else if (auto* failure = std::get_if<BuildFailure>(&result)) {
    record_failure(ask, build_outcome(std::move(*failure)), waited);
  } else {
    auto booting = boot(std::move(ask), std::get<BuiltImage>(std::move(result)), waited);
    co_await std::move(booting);
  }
}

Task<void> Session::boot(Ask ask, BuiltImage built, milliseconds waited) {
  auto& journal = parts_.journal;
  ImageReady ready{ask.candidate, built.code_digest, built.image.release, built.from_cache, built.took};
  if (!journal.state().images.contains(ask.candidate)) journal.append(ready);
  parts_.observer.on_image(ready);
  for (const auto& warning : built.warnings) note_once(warning);
  // The same code as a kernel that was judged: its verdict is this one's, and the loop sees it.
  if (evidence().of(ask.candidate).same_code_as) {
    const auto twin = *evidence().of(ask.candidate).same_code_as;
    parts_.observer.on_note(short_id(ask.candidate) + " has the same code as " + short_id(twin) +
                            ": not booted");
    co_return;
  }
  const TrialStarted started{journal.state().next_trial(), ask.candidate, ask.purpose};
  journal.append(started);
  parts_.observer.on_boot(started);
  build_ahead(ask);
  const auto name = trial_directory(started.trial, ask.candidate);
  auto running = parts_.trials.run(journal.state().opened.session + "-" + name, built.image,
                                   parts_.directory / "trials" / name);
  auto run = co_await std::move(running);
  end_trial({started.trial, ask.candidate, std::move(run.outcome), built.code_digest, parts_.trials.machine(),
             waited, run.took});
}

// The same remark holds for every candidate of a session: said once.
void Session::note_once(const std::string& text) {
  const auto& notes = parts_.journal.state().notes;
  if (std::find(notes.begin(), notes.end(), text) != notes.end()) return;
  parts_.journal.append(Noted{text});
  parts_.observer.on_note(text);
}

void Session::record_failure(const Ask& ask, Outcome outcome, milliseconds waited) {
  auto& journal = parts_.journal;
  const auto trial = journal.state().next_trial();
  journal.append(TrialStarted{trial, ask.candidate, ask.purpose});
  end_trial({trial, ask.candidate, std::move(outcome), "", "", waited, milliseconds(0)});
}

void Session::end_trial(TrialEnded ended) {
  const bool lab = ended.outcome.kind == Outcome::Kind::inconclusive;
  lab_errors_in_a_row_ = lab ? lab_errors_in_a_row_ + 1 : 0;
  parts_.journal.append(ended);
  parts_.observer.on_end(ended, evidence().of(ended.candidate));
  if (lab_errors_in_a_row_ > rules_.lab_retries)
    throw InfraError("the lab failed " + std::to_string(lab_errors_in_a_row_) +
                     " times in a row, last with: " + ended.outcome.detail);
}

void Session::build_ahead(const Ask& running) {
  if (rules_.build_ahead == BuildAhead::off) return;
  parts_.builds.ahead(likely_next(parts_.range, evidence(), rules_.bisect, parts_.parents_of, running));
}

// 1, 2, 4, ... seconds: what failed for a moment has time to come back.
Task<void> Session::back_off() {
  const auto wait = std::chrono::seconds(1) * (1U << std::min(lab_errors_in_a_row_ - 1, 6U));
  auto waiting = parts_.clock.until(parts_.clock.now() + wait);
  co_await std::move(waiting);
}

}  // namespace kverdict
