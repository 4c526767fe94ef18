#include "orchestrator/drive/session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cctype>
#include <cstdio>
#include <utility>

#include "orchestrator/drive/outcomes.hpp"
#include "runners/error.hpp"
#include "runners/host/race.hpp"

namespace kverdict {
namespace asio = boost::asio;
namespace {

using std::chrono::milliseconds;
using WallTime = std::chrono::system_clock::time_point;

milliseconds since(const Clock& clock, TimePoint start) {
  return std::chrono::duration_cast<milliseconds>(clock.now() - start);
}

// While trials run, time alone can change what is best: a kernel that survives long enough tells little by
// surviving longer.
constexpr std::chrono::seconds k_look_again{10};

}  // namespace

std::string trial_directory(std::uint32_t trial, const CandidateId& candidate) {
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%04u-", trial);
  std::string name = number.data();
  for (const char c : short_id(candidate).substr(0, 40))  // a part of file and domain names
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' ? c : '-';
  return name;
}

Session::Job::Job(const Session& session, const Trial& chosen)
    : trial(chosen), began(session.parts_.clock.now()), stop(session.parts_.executor) {}

Session::Session(SessionParts parts, SessionRules rules)
    : parts_(std::move(parts)),
      rules_(std::move(rules)),
      lineage_(parts_.range.history),
      changed_(parts_.executor, asio::steady_timer::time_point::max()) {
  parts_.builds.on_built([this](const CandidateId& id, const BuiltImage& built) { on_image(id, built); });
}

Task<Conclusion> Session::run() {
  Conclusion conclusion;
  std::exception_ptr failure;
  try {
    auto asking = ask_until_answered();
    conclusion = co_await std::move(asking);
  } catch (...) {  // kept, not swallowed: guests and builds must end before anything is unwound
    failure = std::current_exception();
  }
  // A cancelled coroutine throws at its next co_await; what must still be waited for is.
  co_await asio::this_coro::reset_cancellation_state();
  auto winding_up = wind_up();
  co_await std::move(winding_up);
  if (failure) std::rethrow_exception(failure);
  co_return conclusion;
}

// In a hurry: guests are destroyed, the build is stopped, and all of it is waited for.
Task<void> Session::wind_up() {
  for (auto& job : jobs_) job.cancel.emit(asio::cancellation_type::terminal);
  while (std::any_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return !job.done; })) {
    news_ = false;
    auto change = until_changed();
    co_await std::move(change);
  }
  jobs_.clear();
  auto stopping = parts_.builds.stop();
  co_await std::move(stopping);
  parts_.builds.on_built({});
}

Task<Conclusion> Session::ask_until_answered() {
  for (;;) {
    news_ = false;
    std::erase_if(jobs_, [](const Job& job) { return job.done; });
    if (failure_) std::rethrow_exception(failure_);
    const auto now = journal_time(parts_.clock.wall());
    const auto next = plan(now);
    if (next.conclusion && jobs_.empty()) {
      parts_.journal.append(SessionClosed{exit_code(*next.conclusion), next.conclusion->reason}, now);
      co_return *next.conclusion;
    }
    if (next.conclusion) {
      stop_all(rules_.until && now >= *rules_.until ? "the time is over" : "nothing is left to ask");
    } else {
      for (const auto trial : next.pointless) stop_trial(trial, "it can no longer tell anything");
      // One at a time: the next choice knows that this one is under way.
      if (may_start() && !next.asks.empty()) {
        start(next.asks.front(), now);
        continue;
      }
      KV_CHECK(!jobs_.empty() || !may_start());
      if (rules_.build_ahead == BuildAhead::on) parts_.builds.ahead(next.build_ahead);
    }
    auto waiting = until_time_to_look(now);
    co_await std::move(waiting);
  }
}

// The time is over: nothing more is asked, and what is known now is the answer.
Plan Session::plan(WallTime now) const {
  const Survey survey(parts_.journal.state(), evidence(), parts_.range, lineage_, rules_.bisect,
                      parts_.parents_of, rules_.run);
  if (!rules_.until || now < *rules_.until) return survey.plan(now, free_slots());
  Plan over;
  over.conclusion = survey.give_up("the time is over", now);
  return over;
}

unsigned Session::free_slots() const {
  return static_cast<unsigned>(rules_.slots - std::min<std::size_t>(rules_.slots, jobs_.size()));
}

bool Session::may_start() const {
  return jobs_.size() < rules_.slots && parts_.clock.now() >= not_before_;
}

void Session::start(const Ask& ask, WallTime now) {
  auto& journal = parts_.journal;
  TrialStarted started{journal.state().next_trial(), ask.candidate, ask.purpose, ask.soak};
  started.free_slots = free_slots();
  const bool knew_image = journal.state().images.contains(ask.candidate);
  journal.append(started, now);
  parts_.observer.on_ask(started.trial, ask, journal.state());
  auto& job = jobs_.emplace_back(*this, journal.state().trials.back());
  job.knew_image = knew_image;
  auto slot = job.cancel.slot();
  auto on_end = [this, &job](std::exception_ptr failure) {
    if (failure && !failure_) failure_ = failure;
    job.done = true;
    tell();
  };
  asio::co_spawn(parts_.executor, perform(job), asio::bind_cancellation_slot(slot, std::move(on_end)));
}

// Until its trial is in the journal; cancelled in a hurry, it leaves the trial without an end.
Task<void> Session::perform(Job& job) {
  auto attempting = attempt(job);
  auto ended = co_await std::move(attempting);
  end_trial(job, std::move(ended));
}

Task<TrialEnded> Session::attempt(Job& job) {
  TrialEnded ended;
  ended.trial = job.trial.number;
  ended.candidate = job.trial.candidate;
  std::optional<BuiltImage> built;
  try {
    auto getting = parts_.builds.get(job.trial.candidate);
    auto result = co_await std::move(getting);
    if (const auto* failure = std::get_if<BuildFailure>(&result))
      ended.outcome = build_outcome(*failure);
    else
      built = std::get<BuiltImage>(std::move(result));
  } catch (const InfraError& e) {
    ended.outcome = lab_outcome(e.what());
  } catch (const boost::system::system_error&) {  // cancelled
    if (!job.stop.is_flipped()) throw;
    ended.outcome = stopped_outcome(job.stop.why());
  }
  ended.build = since(parts_.clock, job.began);
  if (!built) co_return ended;
  if (job.stop.is_flipped()) {  // while the image was on its way to us
    ended.outcome = stopped_outcome(job.stop.why());
    co_return ended;
  }
  auto booting = boot(job, std::move(*built), ended.build);
  ended = co_await std::move(booting);
  co_return ended;
}

Task<TrialEnded> Session::boot(Job& job, BuiltImage built, milliseconds waited) {
  const auto& id = job.trial.candidate;
  TrialEnded ended;
  ended.trial = job.trial.number;
  ended.candidate = id;
  ended.build = waited;
  job.has_image = true;
  // The same code as a kernel that was judged, which nobody knew when it was chosen: that verdict is this
  // one's.
  if (const auto twin = evidence().of(id).same_code_as; twin && !job.knew_image) {
    ended.outcome = stopped_outcome("not booted: the same code as " + short_id(*twin));
    co_return ended;
  }
  ended.code = built.code_digest;
  parts_.journal.append(TrialBooted{job.trial.number});
  parts_.observer.on_boot(parts_.journal.state().trials[job.trial.number - 1]);
  const auto name = trial_directory(job.trial.number, id);
  TrialOrder order{parts_.journal.state().opened.session + "-" + name, std::move(built.image),
                   parts_.directory / "trials" / name, job.trial.soak};
  auto running = parts_.trials.run(std::move(order), job.stop);
  auto run = co_await std::move(running);
  ended.outcome = std::move(run.outcome);
  ended.run = run.took;
  ended.machine = std::move(run.machine);
  co_return ended;
}

// A guest that runs is switched off and what it survived is kept; a wait for an image just ends.
void Session::stop_trial(std::uint32_t number, const std::string& why) {
  for (auto& job : jobs_) {
    if (job.trial.number != number || job.done || job.stop.is_flipped()) continue;
    job.stop.flip(why);
    if (!job.has_image) job.cancel.emit(asio::cancellation_type::terminal);
  }
}

void Session::stop_all(const std::string& why) {
  for (auto& job : jobs_) stop_trial(job.trial.number, why);
}

void Session::on_image(const CandidateId& id, const BuiltImage& built) {
  auto& journal = parts_.journal;
  const ImageReady ready{id, built.code_digest, built.image.release, built.from_cache, built.took};
  if (!journal.state().images.contains(id)) journal.append(ready);
  parts_.observer.on_image(ready);
  for (const auto& warning : built.warnings) note_once(warning);
  tell();
}

// The same remark holds for every candidate of a session: said once.
void Session::note_once(const std::string& text) {
  const auto& notes = parts_.journal.state().notes;
  if (std::find(notes.begin(), notes.end(), text) != notes.end()) return;
  parts_.journal.append(Noted{text});
  parts_.observer.on_note(text);
}

void Session::end_trial(const Job& job, TrialEnded ended) {
  parts_.journal.append(ended);
  parts_.observer.on_end(ended, evidence().of(ended.candidate));
  count_lab_errors(job, ended.outcome);
}

// Trials that ran side by side fail together: an error counts once for all that had begun before it. The
// pause is 1, 2, 4, ... seconds: what failed for a moment has time to come back.
void Session::count_lab_errors(const Job& job, const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::stopped) return;
  if (outcome.kind != Outcome::Kind::inconclusive) {
    lab_errors_in_a_row_ = 0;
    return;
  }
  if (lab_errors_in_a_row_ == 0 || job.began >= last_lab_error_) ++lab_errors_in_a_row_;
  last_lab_error_ = parts_.clock.now();
  not_before_ = last_lab_error_ + std::chrono::seconds(1) * (1U << std::min(lab_errors_in_a_row_ - 1, 6U));
  if (lab_errors_in_a_row_ <= rules_.lab_retries || failure_) return;
  const InfraError error("the lab failed " + std::to_string(lab_errors_in_a_row_) +
                         " times in a row, last with: " + outcome.detail);
  failure_ = std::make_exception_ptr(error);
}

void Session::tell() {
  news_ = true;
  changed_.cancel();
}

// Something happened since news_ was last false.
Task<void> Session::until_changed() {
  while (!news_) {
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await changed_.async_wait(token);
  }
}

// Something ended, or time alone may have changed what is best: the pause after a lab error is over, the
// session's time is, or a kernel has survived so long that surviving longer tells little.
Task<void> Session::until_time_to_look(WallTime now) {
  const auto here = parts_.clock.now();
  auto when = here + k_look_again;
  if (not_before_ > here) when = std::min(when, not_before_);
  if (rules_.until && *rules_.until > now) when = std::min<TimePoint>(when, here + (*rules_.until - now));
  auto change = until_changed();
  auto timer = parts_.clock.until(when);
  auto first = race(std::move(change), std::move(timer));
  co_await std::move(first);
}

}  // namespace kverdict
