// What a session does, told on stderr as it happens.
#pragma once

#include "orchestrator/cli/progress.hpp"
#include "orchestrator/core/report/report.hpp"
#include "orchestrator/drive/observer.hpp"
#include "orchestrator/images/build_options.hpp"
#include "runners/host/clock.hpp"

namespace kverdict {

class TerminalObserver : public SessionObserver {
 public:
  TerminalObserver(const Clock& clock, ProgressLine& line, Terminal terminal, Describe describe);

  void on_ask(const Ask& ask, const State& state) override;
  void on_image(const ImageReady& image) override;
  void on_boot(const TrialStarted& trial) override;
  void on_end(const TrialEnded& trial, const Standing& now) override;
  void on_note(const std::string& text) override;
  void on_build(const BuildProgress& progress);
  // Time has passed: draw again.
  void tick();

 private:
  void say_if_long(TimePoint now);
  void enter(Activity activity, std::optional<Millis> expected);
  std::optional<Millis> time_left() const;

  const Clock& clock_;
  ProgressLine& line_;
  Terminal terminal_;
  Describe describe_;
  Pace pace_;
  ProgressView view_;
  Ask ask_;
  TimePoint began_, entered_, said_;
  Millis before_{0};  // of the session, in earlier runs
};

}  // namespace kverdict
