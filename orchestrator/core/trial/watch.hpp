// Watch: one boot, from power-on to outcome. Owns every timing decision of a trial; pure: time comes in with
// each call, so whole nights are watched in milliseconds in tests.
//
// The driver does what need() says and feeds what comes back, until need() is done:
//
//   phase       entered by                       left by
//   booting     construction                     `ready` marker; an oops; boot limit
//   working     `ready`                          `done`; an oops; silence or workload limit; exit
//   dying       an oops that counts              report whole and quiet for `linger`, or exit
//   provoking   silence, boot or workload limit  NMI, then sysrq, each given time to speak
//   stopping    an outcome is known              exit, or its time limit
//
// What is decided once stays: the first oops ends the trial, whatever else the dying guest says.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/core/console/scanner.hpp"
#include "orchestrator/core/console/transcript.hpp"
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
  bool warnings = false;  // WARNING, lockdep, UBSAN, ...
  bool operator==(const OopsPolicy&) const = default;
};

class Watch {
 public:
  enum class Need { wait, nmi, sysrq, power_off, done };

  Watch(WatchLimits limits, Expected expected, OopsPolicy policy, Instant start);

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
  const Transcript& transcript() const { return transcript_; }
  std::optional<std::chrono::milliseconds> boot_time() const;  // power-on to `ready`

 private:
  enum class Phase { booting, working, dying, provoking, stopping };

  void on_line(const Line& line, ConsoleSource source, Instant now);
  void on_marker(const Marker& marker, Instant now);
  void on_hello(const Marker& marker, Instant now);
  void on_step_end(const Marker& marker);
  void on_done(Instant now);
  void on_new_oopses(Instant now);
  void start_dying(Instant now);
  void start_provoking(Outcome::Kind kind, std::string detail, Instant now);
  void provoke_next(Instant now);
  void decide(Outcome::Kind kind, std::string detail, Instant now);
  void finish();
  void end_exposure(Instant now);
  bool counts(const Oops& oops) const;
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

  LineReader serial_, netconsole_;
  OopsScanner scanner_;
  Transcript transcript_;
  unsigned banners_ = 0;  // "Linux version" lines of the chosen source
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
