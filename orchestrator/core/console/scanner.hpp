// Finds oopses in the lines of one console, as early as possible. Pure; time linear in the lines, memory
// bounded whatever comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "orchestrator/core/console/lines.hpp"
#include "orchestrator/core/console/oops.hpp"
#include "orchestrator/core/console/transcript.hpp"

namespace kverdict {

// Feed every line of one boot in order. A report that has begun is known at its first line; it is complete
// when its end was seen, when another one follows, or when it is longer than any report is.
class OopsScanner {
 public:
  OopsScanner();
  ~OopsScanner();
  OopsScanner(OopsScanner&&) noexcept;
  OopsScanner& operator=(OopsScanner&&) noexcept;

  void feed(const Line& line, std::uint64_t number);
  // No more lines: what is open is complete.
  void finish();

  // First line of the oldest report that is not complete yet.
  std::optional<std::uint64_t> open_since() const;
  // Nothing is open, or all that is open was seen to its end: no reason to wait for more of it.
  bool settled() const;
  // How many reports have begun so far, complete or not.
  std::uint64_t begun() const;
  // "Linux version" lines so far: a second one says that the machine was reset.
  std::uint64_t boots() const;
  // The kernel said that it died ("Kernel panic - not syncing", "Rebooting in").
  bool panicked() const;

  // Complete reports since the last call, in order of their first lines.
  std::vector<Oops> take();
  // The title the oldest open report would get if it ended now; for progress displays.
  std::optional<Oops> peek() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

// All oopses of a log, with their byte ranges. At most `limit` of them are named.
inline constexpr std::size_t k_most_oopses = 10'000;
std::vector<Oops> find_oopses(std::string_view log, std::size_t limit = k_most_oopses);
std::vector<Oops> find_oopses(const Transcript& transcript, std::size_t limit = k_most_oopses);

}  // namespace kverdict
