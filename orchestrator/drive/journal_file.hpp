// The session's journal on disk: append-only JSON lines, one fsync an event, replayed when opened.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/core/journal/codec.hpp"
#include "orchestrator/core/journal/state.hpp"
#include "runners/host/clock.hpp"
#include "runners/host/files.hpp"

namespace kverdict {

class JournalFile {
 public:
  // A new journal with its first event. UsageError when there is one already.
  static JournalFile create(const std::filesystem::path& path, const Clock& clock, SessionOpened opened);
  // An old one; a torn last line is cut off and said in the state's notes.
  static JournalFile open(const std::filesystem::path& path, const Clock& clock);
  // Only to look at: works beside a writer and changes nothing.
  static JournalText read(const std::filesystem::path& path);

  // On the disk when it returns; then part of the state.
  void append(Event event);
  // The same, at a moment that a decision was made for.
  void append(Event event, std::chrono::system_clock::time_point at);
  const State& state() const { return state_; }

 private:
  JournalFile(AppendFile file, const Clock& clock) : file_(std::move(file)), clock_(clock) {}

  AppendFile file_;
  const Clock& clock_;
  State state_;
};

}  // namespace kverdict
