#include "orchestrator/core/trial/watch.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_output_tail_lines = 40;
constexpr std::size_t k_vitals_kept = 60;

std::string seconds(milliseconds ms) {
  const auto tenths = (ms.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string join_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

double number(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The kernel's first words; a second one on the same boot is a reset.
bool is_banner(std::string_view text) {
  return text.starts_with("Linux version ");
}

// Behind these a panicked kernel says nothing more.
bool are_last_words(std::string_view text) {
  return text.starts_with("Rebooting in ") || text.starts_with("---[ end Kernel panic");
}

// What the kernel complains of and survives, unless it is told to panic.
bool is_survivable(const Oops& oops) {
  if (oops.panicked) return false;
  constexpr std::array k_types = {"WARNING", "LOCKDEP", "REFCOUNT_WARNING", "UBSAN"};
  return oops.complaint || std::find(k_types.begin(), k_types.end(), oops.type) != k_types.end();
}

// A report with a hole that no channel fills is torn, whatever stands around the hole.
void mark_if_incomplete(Oops& oops, const Transcript& transcript) {
  std::uint64_t missing = 0;
  for (auto number = oops.first_line + 1; number <= oops.last_line; ++number)
    if (const auto* line = transcript.find(number)) missing += line->missing_before;
  if (missing == 0 || oops.corrupted) return;
  oops.corrupted = true;
  oops.why = std::to_string(missing) + " of its lines were lost on every channel";
}

}  // namespace

Watch::Watch(WatchLimits limits, Expected expected, OopsPolicy policy, Instant start, MemoryUse memory)
    : limits_(limits),
      expected_(std::move(expected)),
      policy_(policy),
      start_(start),
      since_(start),
      last_heard_(start),
      memory_(memory) {}

milliseconds Watch::since_start(Instant now) const {
  return std::chrono::duration_cast<milliseconds>(now - start_);
}

Listening Watch::listening(Instant now) {
  return {[this, now](const Line& line, ConsoleSource source) { on_line(line, source, now); },
          [this, now](const Marker& marker) { on_marker(marker, now); }};
}

void Watch::on_chunk(const ConsoleChunk& chunk, Instant now) {
  if (!chunk.bytes.empty() && chunk.source != ConsoleSource::memory) last_heard_ = now;
  channels_.feed(chunk, since_start(now), listening(now));
  on_new_oopses(now);
  if (last_words_) on_last_words(now);
}

void Watch::on_line(const Line& line, ConsoleSource source, Instant now) {
  if (source == ConsoleSource::memory) return;  // old words
  if (phase_ == Phase::dying) since_ = now;
  last_words_ = last_words_ || are_last_words(line.text);
  if (source != ConsoleSource::serial || !is_banner(line.text)) return;
  if (++banners_ < 2 || phase_ == Phase::dying || phase_ == Phase::stopping) return;
  outcome_.oopses = {bare_oops("unexpected reset")};
  decide(Outcome::Kind::crashed, "the machine was reset without a word", now);
}

void Watch::on_last_words(Instant now) {
  if (phase_ == Phase::dying) return decide(Outcome::Kind::crashed, "", now);
  if (phase_ != Phase::provoking) return;
  outcome_.workload = pending_.workload;
  decide(pending_.kind, pending_.detail, now);
}

void Watch::on_vital(const Marker& marker, Instant now) {
  // Two channels bring the same second twice.
  if (!vitals_.empty() && vitals_.back().fields == marker.fields) return;
  vitals_.push_back({since_start(now), marker.fields});
  if (vitals_.size() > k_vitals_kept) vitals_.pop_front();
}

void Watch::on_marker(const Marker& marker, Instant now) {
  if (marker.word == "vital") return on_vital(marker, now);
  if (phase_ == Phase::stopping || phase_ == Phase::dying) return;
  if (marker.word == "hello") return on_hello(marker, now);
  if (!hello_) return;  // nothing counts before the booted kernel has proved itself
  if (marker.word == "ready" && !ready_) {
    ready_ = now;
    if (phase_ == Phase::booting) phase_ = Phase::working, since_ = now;
  } else if (marker.word == "start") {
    step_ = marker.field("step");
    step_output_.clear();
    if (!exposed_since_) exposed_since_ = now;
  } else if (marker.word == "metric") {
    outcome_.metrics.push_back({marker.field("step") + "." + marker.field("name"),
                                number(marker.field("value")), marker.field("unit")});
  } else if (marker.word == "out") {
    step_output_.push_back(marker.field("text"));
    if (step_output_.size() > k_output_tail_lines) step_output_.erase(step_output_.begin());
  } else if (marker.word == "end") {
    on_step_end(marker);
  } else if (marker.word == "done") {
    on_done(now);
  } else if (marker.word == "fail") {
    decide(Outcome::Kind::inconclusive, "guest set-up failed: " + marker.field("text"), now);
  }
}

void Watch::on_hello(const Marker& marker, Instant now) {
  const auto mismatch = [&](const char* what, const std::string& want) {
    const auto& got = marker.field(what);
    if (want.empty() || got.empty() || want == got) return false;
    decide(Outcome::Kind::inconclusive,
           "wrong kernel booted: its " + std::string(what) + " is " + got + ", expected " + want, now);
    return true;
  };
  if (mismatch("token", expected_.token) || mismatch("build_id", expected_.build_id)) return;
  // Kernels with a build id are known better by it; the release may carry a suffix of the site.
  if (marker.field("build_id").empty() && mismatch("release", expected_.release)) return;
  hello_ = true;
}

// exit 0: good; 125: cannot tell; anything else, a signal or a time-out: bad. The first that is not 0
// decides.
void Watch::on_step_end(const Marker& marker) {
  const auto& exit = marker.field("exit");
  if (step_failed_ || exit == "0") return;
  step_failed_ = true;
  pending_.workload = marker.field("step");
  pending_.log_tail = join_lines(step_output_);
  pending_.kind = exit == "125" ? Outcome::Kind::untestable : Outcome::Kind::workload_failed;
  if (!exit.empty())
    pending_.detail = pending_.workload + " exited with " + exit;
  else if (marker.field("timeout") == "1")
    pending_.detail = pending_.workload + " did not end within its limit";
  else
    pending_.detail = pending_.workload + " died of signal " + marker.field("signal");
}

void Watch::on_done(Instant now) {
  if (!step_failed_) return decide(Outcome::Kind::passed, "", now);
  outcome_.workload = pending_.workload;
  outcome_.log_tail = pending_.log_tail;
  decide(pending_.kind, pending_.detail, now);
}

bool Watch::counts(const Oops& oops) const {
  return (oops.complaint ? policy_.complaints : policy_.warnings) || !is_survivable(oops);
}

bool Watch::any_counts(const std::vector<Oops>& oopses) const {
  return std::any_of(oopses.begin(), oopses.end(), [&](const Oops& o) { return counts(o); });
}

Oops Watch::bare_oops(std::string title) const {
  Oops oops;
  oops.title = std::move(title);
  oops.kind = "reset";
  oops.type = "UNKNOWN";
  oops.first_line = oops.last_line = channels_.lines_seen() == 0 ? 0 : channels_.lines_seen() - 1;
  return oops;
}

// A report counts from its first line on; one that only turns out later to have killed counts then.
void Watch::on_new_oopses(Instant now) {
  for (auto& oops : channels_.take_reports()) found_.push_back(std::move(oops));
  if (phase_ != Phase::booting && phase_ != Phase::working) return;
  if (channels_.panicked() || any_counts(channels_.open_reports()) || any_counts(found_)) start_dying(now);
}

void Watch::start_dying(Instant now) {
  end_exposure(now);
  phase_ = Phase::dying;
  since_ = dying_since_ = now;
  pending_.workload = step_;
}

void Watch::start_provoking(Outcome::Kind kind, std::string detail, Instant now) {
  end_exposure(now);
  pending_.kind = kind;
  pending_.detail = std::move(detail);
  pending_.workload = step_;
  phase_ = Phase::provoking;
  provoked_ = Need::wait;
  provoke_next(now);
}

// sysrq, which a kernel survives and only one that still takes interrupts answers; then the NMI, which makes
// it panic and give the stack of the culprit; then the blunt end. What they bring out names the hang, so they
// stop once an oops is there.
void Watch::provoke_next(Instant now) {
  since_ = now;
  if (provoked_ == Need::wait) {
    provoked_ = need_ = Need::sysrq;
  } else if (provoked_ == Need::sysrq && channels_.reports_begun() == 0) {
    provoked_ = need_ = Need::nmi;
  } else {
    outcome_.workload = pending_.workload;
    decide(pending_.kind, pending_.detail, now);
  }
}

void Watch::acted(Need need, bool worked, Instant now) {
  if (need != need_) return;
  need_ = need == Need::memory ? Need::power_off : Need::wait;
  since_ = now;
  if (phase_ == Phase::provoking && !worked) provoke_next(now);
}

void Watch::stop(std::string why, Instant now) {
  if (phase_ != Phase::booting && phase_ != Phase::working) return;
  decide(Outcome::Kind::stopped, std::move(why), now);
}

Instant Watch::deadline() const {
  switch (phase_) {
    case Phase::booting:
      return std::min(start_ + limits_.boot, last_heard_ + std::max(limits_.boot / 2, limits_.silence));
    case Phase::working:
      return std::min(last_heard_ + limits_.silence, since_ + limits_.workload);
    case Phase::dying:
      return std::min(since_ + (channels_.is_report_open() ? limits_.provoke : limits_.linger),
                      dying_since_ + limits_.dying);
    case Phase::provoking:  // sysrq is answered at once or not at all
      return since_ + (provoked_ == Need::sysrq ? 2 * limits_.linger : limits_.provoke);
    case Phase::stopping:
      return since_ + limits_.stop;
  }
  return start_;
}

void Watch::on_time(Instant now) {
  if (need_ != Need::wait || now < deadline()) return;
  switch (phase_) {
    case Phase::booting:
      return start_provoking(Outcome::Kind::boot_failed,
                             (channels_.lines_seen() == 0 ? "no console output in " : "not ready in ") +
                                 seconds(std::chrono::duration_cast<milliseconds>(now - start_)),
                             now);
    case Phase::working: {
      const bool silent = now >= last_heard_ + limits_.silence;
      return start_provoking(Outcome::Kind::hung,
                             silent ? "silent for " + seconds(limits_.silence)
                                    : "the workload did not end in " + seconds(limits_.workload),
                             now);
    }
    case Phase::dying:
      return decide(Outcome::Kind::crashed, "", now);
    case Phase::provoking:
      return provoke_next(now);
    case Phase::stopping:
      return finish();
  }
}

void Watch::on_exit(const GuestExit& exit, Instant now) {
  gone_ = true;
  netconsole_ = exit.netconsole;
  channels_.finish(since_start(now), listening(now));
  on_new_oopses(now);
  if (phase_ == Phase::stopping) return finish();
  if (phase_ == Phase::dying) {
    decide(Outcome::Kind::crashed, "", now);
  } else if (exit.cause == GuestExit::Cause::lost) {
    decide(Outcome::Kind::inconclusive, "the machine is gone: " + exit.detail, now);
  } else if (phase_ == Phase::provoking) {
    outcome_.workload = pending_.workload;
    decide(pending_.kind, pending_.detail, now);
  } else if (!hello_) {
    decide(Outcome::Kind::boot_failed, "the machine went off before the guest's first word", now);
  } else {
    outcome_.oopses = {bare_oops("unexpected reset")};
    decide(Outcome::Kind::crashed, "the machine was reset or went off without a word", now);
  }
  finish();
}

void Watch::end_exposure(Instant now) {
  if (!exposed_since_) return;
  outcome_.exposure = std::chrono::duration_cast<milliseconds>(now - *exposed_since_);
  exposed_since_.reset();
}

void Watch::decide(Outcome::Kind kind, std::string detail, Instant now) {
  end_exposure(now);
  outcome_.kind = kind;
  outcome_.detail = std::move(detail);
  if (kind == Outcome::Kind::crashed && outcome_.workload.empty()) outcome_.workload = pending_.workload;
  phase_ = Phase::stopping;
  since_ = now;
  need_ = wants_memory() ? Need::memory : Need::power_off;
}

bool Watch::wants_memory() const {
  const bool failed = outcome_.kind == Outcome::Kind::crashed || outcome_.kind == Outcome::Kind::hung ||
                      outcome_.kind == Outcome::Kind::boot_failed;
  if (!failed || gone_ || memory_ == MemoryUse::never) return false;
  if (memory_ == MemoryUse::always || outcome_.kind != Outcome::Kind::crashed) return true;
  auto reports = channels_.open_reports();
  reports.insert(reports.end(), found_.begin(), found_.end());
  return !last_words_ ||
         std::any_of(reports.begin(), reports.end(), [](const Oops& o) { return o.corrupted; });
}

// What the reports are is known best when all channels are one. A line that was damaged on its way may have
// looked like a crash; the whole log knows better, and the trial is asked again.
void Watch::name_the_oopses() {
  for (auto& oops : channels_.take_reports()) found_.push_back(std::move(oops));
  const bool alone = channels_.is_alone();
  fusion_ = channels_.fuse();
  if (alone) return;
  const bool crash_was_seen = any_counts(found_);
  found_ = find_oopses(fusion_.transcript);
  for (auto& oops : found_) mark_if_incomplete(oops, fusion_.transcript);
  const bool lossy =
      fusion_.counts.torn + fusion_.counts.missing + (netconsole_ ? netconsole_->lost : 0) != 0;
  for (auto& reset : outcome_.oopses) {  // without a word, as far as anybody heard
    reset.first_line = reset.last_line = std::max<std::uint64_t>(fusion_.transcript.lines_seen(), 1) - 1;
    reset.corrupted = lossy;
    if (lossy) reset.why = "lines were lost on the way";
  }
  if (outcome_.kind != Outcome::Kind::crashed || !outcome_.oopses.empty()) return;
  if (!crash_was_seen || any_counts(found_)) return;
  outcome_.kind = Outcome::Kind::inconclusive;
  outcome_.detail = "what looked like a crash on one channel is none in the whole log";
}

void Watch::finish() {
  channels_.finish(milliseconds(0), {[](const Line&, ConsoleSource) {}, [](const Marker&) {}});
  name_the_oopses();
  // The whole list: the first that counts names the crash, warnings before it stay as facts.
  outcome_.oopses.insert(outcome_.oopses.end(), found_.begin(), found_.end());
  if (outcome_.kind == Outcome::Kind::crashed) {
    std::stable_partition(outcome_.oopses.begin(), outcome_.oopses.end(),
                          [&](const Oops& o) { return counts(o); });
    if (outcome_.detail.empty() && !outcome_.oopses.empty()) outcome_.detail = outcome_.oopses.front().title;
  }
  need_ = Need::done;
}

std::optional<milliseconds> Watch::boot_time() const {
  if (!ready_) return std::nullopt;
  return std::chrono::duration_cast<milliseconds>(*ready_ - start_);
}

}  // namespace kverdict
