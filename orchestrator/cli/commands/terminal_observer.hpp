// What a session does, told on stderr as it happens.
#pragma once

#include <map>

#include "orchestrator/cli/progress.hpp"
#include "orchestrator/core/report/report.hpp"
#include "orchestrator/drive/observer.hpp"
#include "orchestrator/images/build_options.hpp"
#include "runners/host/clock.hpp"

namespace kverdict {

class TerminalObserver : public SessionObserver {
 public:
  TerminalObserver(const Clock& clock, ProgressLine& line, Terminal terminal, Describe describe);

  void on_ask(std::uint32_t trial, const Ask& ask, const State& state) override;
  void on_image(const ImageReady& image) override;
  void on_boot(const Trial& trial) override;
  void on_end(const TrialEnded& trial, const Standing& now) override;
  void on_note(const std::string& text) override;
  void on_build(const BuildProgress& progress);
  // Time has passed: draw again.
  void tick();

 private:
  // A trial under way.
  struct Job {
    Ask ask;
    std::string subject;
    Activity activity = Activity::building;
    TimePoint entered;
    std::optional<Millis> expected;
    std::string detail;  // of the build
  };
  const Job* shown() const;
  ProgressView view() const;
  void say_if_long(TimePoint now);
  std::optional<Millis> time_left() const;

  const Clock& clock_;
  ProgressLine& line_;
  Terminal terminal_;
  Describe describe_;
  Pace pace_;
  std::map<std::uint32_t, Job> jobs_;
  std::size_t candidates_left_ = 0;
  std::uint32_t trials_left_ = 0;
  TimePoint began_, said_;
  Millis before_{0};  // of the session, in earlier runs
};

}  // namespace kverdict
