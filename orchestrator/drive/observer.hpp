// Who is told what a session does, as it happens. Implementations: the terminal (cli/), a recorder (tests).
#pragma once

#include <string>

#include "orchestrator/core/question/bisect.hpp"

namespace kverdict {

class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  virtual void on_ask(std::uint32_t trial, const Ask& ask, const State& state) = 0;  // chosen; no image yet
  virtual void on_image(const ImageReady& image) = 0;                                // built, or found
  virtual void on_boot(const Trial& trial) = 0;                                      // power-on
  virtual void on_end(const TrialEnded& trial, const Standing& now) = 0;  // an outcome and what it says
  virtual void on_note(const std::string& text) = 0;
};

}  // namespace kverdict
