// Watch: one boot, from power-on to outcome. Owns every timing decision of a trial; pure: time comes in with
// each call, so whole nights are watched in milliseconds in tests.
//
// The driver does what need() says and feeds what comes back, until need() is done:
//
//   phase       entered by                       left by
//   booting     construction                     `ready` marker; an oops; boot limit
//   working     `ready`                          `done`; an oops; silence or workload limit; exit
//   dying       an oops that counts              last words, report whole and quiet for `linger`, or exit
//   provoking   silence, boot or workload limit  sysrq, then NMI, each given time to speak
//   stopping    an outcome is known              its memory is read where that may help; exit, or a time
//   limit
//
// What is decided once stays: the first oops ends the trial, whatever else the dying guest says. What the
// oopses are is read from the fused transcript of all channels when all is over.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/core/console/transcript.hpp"
#include "orchestrator/core/trial/channels.hpp"
#include "orchestrator/core/trial/outcome.hpp"
#include "runners/boot.hpp"
#include "workloads/marker.hpp"

namespace kverdict {

using Instant = std::chrono::steady_clock::time_point;

// All limits are as used: already scaled to the speed of the machine.
struct WatchLimits {
  std::chrono::milliseconds boot{60'000};       // power-on to `ready`
  std::chrono::milliseconds silence{30'000};    // no line at all, heart beats included
  std::chrono::milliseconds workload{120'000};  // `ready` to `done`
  std::chrono::milliseconds linger{2'000};      // quiet after an oops that did not stop the machine
  std::chrono::milliseconds dying{20'000};      // an oops may go on talking this long
  std::chrono::milliseconds provoke{5'000};     // for an NMI or sysrq to bring something out
  std::chrono::milliseconds stop{20'000};       // power-off to exit
  bool operator==(const WatchLimits&) const = default;
};

// By what the booted kernel proves itself. Empty fields are not checked.
struct Expected {
  std::string token;
  std::string release;
  std::string build_id;
};

// Complaints that end a trial though the kernel lives on. Oopses that kill always do.
struct OopsPolicy {
  bool warnings = false;    // WARNING, lockdep, UBSAN, ...
  bool complaints = false;  // OOM kills, failed allocations, file system and I/O errors
  bool operator==(const OopsPolicy&) const = default;
};

// When is the kernel's log read out of the guest's memory?
enum class MemoryUse {
  never,
  when_torn,  // a hang, or a report that is not whole
  always,     // of every failure, because the memory is kept
};

// A word of the guest about itself, once a second.
struct Vital {
  std::chrono::milliseconds host_time{0};  // since the boot was ordered
  std::map<std::string, std::string> fields;
};

class Watch {
 public:
  enum class Need { wait, nmi, sysrq, memory, power_off, done };

  Watch(WatchLimits limits, Expected expected, OopsPolicy policy, Instant start,
        MemoryUse memory = MemoryUse::never);

  void on_chunk(const ConsoleChunk& chunk, Instant now);
  void on_exit(const GuestExit& exit, Instant now);
  void on_time(Instant now);
  // The trial has become pointless: off, with what it survived so far. Does nothing once an oops was seen.
  void stop(std::string why, Instant now);
  // The need was carried out; a provocation that the machine cannot do is `worked == false`.
  void acted(Need need, bool worked, Instant now);

  Need need() const { return need_; }
  Instant deadline() const;  // when on_time() is due if nothing comes

  // Valid once need() is done.
  const Outcome& outcome() const { return outcome_; }
  const Transcript& transcript() const { return fusion_.transcript; }
  const FusionCounts& fusion() const { return fusion_.counts; }
  const std::optional<NetconsoleCounts>& netconsole() const { return netconsole_; }
  // The guest's last minute, oldest first.
  const std::deque<Vital>& vitals() const { return vitals_; }
  std::optional<std::chrono::milliseconds> boot_time() const;  // power-on to `ready`

 private:
  enum class Phase { booting, working, dying, provoking, stopping };

  Listening listening(Instant now);
  std::chrono::milliseconds since_start(Instant now) const;
  void on_line(const Line& line, ConsoleSource source, Instant now);
  void on_vital(const Marker& marker, Instant now);
  void on_last_words(Instant now);
  void on_marker(const Marker& marker, Instant now);
  void on_hello(const Marker& marker, Instant now);
  void on_step_end(const Marker& marker);
  void on_done(Instant now);
  void on_new_oopses(Instant now);
  void start_dying(Instant now);
  void start_provoking(Outcome::Kind kind, std::string detail, Instant now);
  void provoke_next(Instant now);
  void decide(Outcome::Kind kind, std::string detail, Instant now);
  bool wants_memory() const;
  void finish();
  void name_the_oopses();
  void end_exposure(Instant now);
  bool counts(const Oops& oops) const;
  bool any_counts(const std::vector<Oops>& oopses) const;
  Oops bare_oops(std::string title) const;

  WatchLimits limits_;
  Expected expected_;
  OopsPolicy policy_;
  Instant start_;
  Instant since_;       // of the phase, or of the provocation
  Instant last_heard_;  // any byte: an endless flood of equal lines is not silence
  Instant dying_since_;
  Phase phase_ = Phase::booting;
  Need need_ = Need::wait;
  Need provoked_ = Need::wait;  // the last provocation

  MemoryUse memory_;
  Channels channels_;
  Fusion fusion_;
  std::optional<NetconsoleCounts> netconsole_;
  std::deque<Vital> vitals_;
  bool last_words_ = false;  // the kernel has said all it has to say
  bool gone_ = false;
  unsigned banners_ = 0;  // "Linux version" lines on serial
  bool hello_ = false;
  bool step_failed_ = false;  // the first failing step decided
  std::vector<Oops> found_;   // whole reports, in order
  std::optional<Instant> ready_, exposed_since_;
  std::string step_;                      // running
  std::vector<std::string> step_output_;  // last lines of it
  Outcome pending_;  // what a failing step or a hang will be called unless an oops names it
  Outcome outcome_;
};

}  // namespace kverdict
