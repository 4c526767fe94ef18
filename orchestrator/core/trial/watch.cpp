#include "orchestrator/core/trial/watch.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_output_tail_lines = 40;

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

// What the kernel complains of and survives, unless it is told to panic.
bool is_survivable(const Oops& oops) {
  if (oops.panicked) return false;
  constexpr std::array k_types = {"WARNING", "LOCKDEP", "REFCOUNT_WARNING", "UBSAN"};
  return oops.complaint || std::find(k_types.begin(), k_types.end(), oops.type) != k_types.end();
}

}  // namespace

Watch::Watch(WatchLimits limits, Expected expected, OopsPolicy policy, Instant start)
    : limits_(limits),
      expected_(std::move(expected)),
      policy_(policy),
      start_(start),
      since_(start),
      last_heard_(start) {}

void Watch::on_chunk(const ConsoleChunk& chunk, Instant now) {
  if (!chunk.bytes.empty()) last_heard_ = now;
  auto& reader = chunk.source == ConsoleSource::serial ? serial_ : netconsole_;
  reader.feed(chunk.bytes, [&](const Line& line) { on_line(line, chunk.source, now); });
  on_new_oopses(now);
}

void Watch::on_line(const Line& line, ConsoleSource source, Instant now) {
  const auto index = transcript_.append(line, source, std::chrono::duration_cast<milliseconds>(now - start_));
  if (source == ConsoleSource::serial) scanner_.feed(line, index);
  if (phase_ == Phase::dying) since_ = now;
  if (const auto marker = parse_marker(line.text)) {
    on_marker(*marker, now);
    return;
  }
  if (source != ConsoleSource::serial || !is_banner(line.text)) return;
  if (++banners_ < 2 || phase_ == Phase::dying || phase_ == Phase::stopping) return;
  outcome_.oopses = {bare_oops("unexpected reset")};
  decide(Outcome::Kind::crashed, "the machine was reset without a word", now);
}

void Watch::on_marker(const Marker& marker, Instant now) {
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
  return (policy_.warnings && !oops.complaint) || !is_survivable(oops);
}

Oops Watch::bare_oops(std::string title) const {
  Oops oops;
  oops.title = std::move(title);
  oops.kind = "reset";
  oops.type = "UNKNOWN";
  oops.first_line = oops.last_line = transcript_.lines_seen() == 0 ? 0 : transcript_.lines_seen() - 1;
  return oops;
}

// A report counts from its first line on; one that only turns out later to have killed counts then.
void Watch::on_new_oopses(Instant now) {
  for (auto& oops : scanner_.take()) found_.push_back(std::move(oops));
  if (phase_ != Phase::booting && phase_ != Phase::working) return;
  const auto open = scanner_.peek();
  const bool dying = scanner_.panicked() || (open && counts(*open)) ||
                     std::any_of(found_.begin(), found_.end(), [&](const Oops& o) { return counts(o); });
  if (dying) start_dying(now);
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

// NMI, then sysrq, then the blunt end. What they bring out names the hang, so they stop once an oops is
// there.
void Watch::provoke_next(Instant now) {
  since_ = now;
  if (provoked_ == Need::wait) {
    provoked_ = need_ = Need::nmi;
  } else if (provoked_ == Need::nmi && scanner_.begun() == 0) {
    provoked_ = need_ = Need::sysrq;
  } else {
    outcome_.workload = pending_.workload;
    decide(pending_.kind, pending_.detail, now);
  }
}

void Watch::acted(Need need, bool worked, Instant now) {
  if (need != need_) return;
  need_ = Need::wait;
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
      return std::min(since_ + (scanner_.open_since() ? limits_.provoke : limits_.linger),
                      dying_since_ + limits_.dying);
    case Phase::provoking:
      return since_ + limits_.provoke;
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
                             (transcript_.lines_seen() == 0 ? "no console output in " : "not ready in ") +
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
  const auto sink = [&](ConsoleSource source) {
    return [this, source, now](const Line& line) { on_line(line, source, now); };
  };
  serial_.finish(sink(ConsoleSource::serial));
  netconsole_.finish(sink(ConsoleSource::netconsole));
  scanner_.finish();
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
  need_ = Need::power_off;
}

void Watch::finish() {
  scanner_.finish();
  for (auto& oops : scanner_.take()) found_.push_back(std::move(oops));
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
