// Every line seen of one boot, with where it came from and when. Huge ones keep head and tail, and a marked
// gap between. A value. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/core/console/lines.hpp"
#include "runners/boot.hpp"

namespace kverdict {

// Which channels brought a line.
class Sources {
 public:
  constexpr Sources() = default;
  constexpr Sources(ConsoleSource source) : bits_(bit(source)) {}  // NOLINT: one source is a set of sources
  constexpr bool has(ConsoleSource source) const { return (bits_ & bit(source)) != 0; }
  constexpr void add(Sources other) { bits_ |= other.bits_; }
  bool operator==(const Sources&) const = default;

 private:
  static constexpr unsigned bit(ConsoleSource source) { return 1U << static_cast<unsigned>(source); }
  unsigned bits_ = 0;
};

// A line with what the lab knows of it; owns its bytes.
struct TranscriptLine {
  std::uint64_t number = 0;          // from 0, over the whole boot, gaps included
  std::uint64_t missing_before = 0;  // records that the kernel said before it, and no channel brought
  Sources sources;
  std::chrono::milliseconds host_time{0};  // since the boot was ordered
  std::string text;                        // the message alone
  std::string raw;                         // as it came; empty = equal to text
  std::string caller;
  std::optional<std::chrono::microseconds> printk_time;
  std::optional<std::uint64_t> sequence;
  int level = -1;
  LineOrigin origin = LineOrigin::unknown;
  std::uint64_t begin = 0;  // bytes of the source's stream
  std::uint64_t end = 0;

  Line view() const;  // valid as long as this line is
  bool operator==(const TranscriptLine&) const = default;
};

// A record as a serial console writes it: "[    1.874210] text". Without a printk time the text alone.
std::string on_console(const TranscriptLine& line);

class Transcript {
 public:
  struct Limits {
    std::size_t head_bytes = 16u << 20;
    std::size_t tail_bytes = 16u << 20;
  };
  Transcript() = default;
  explicit Transcript(Limits limits) : limits_(limits) {}

  // Returns the line's number.
  std::uint64_t append(const Line& line, ConsoleSource source, std::chrono::milliseconds host_time);
  std::uint64_t append(TranscriptLine line);  // numbers it
  // Lines were there that nobody has any more; what comes now is tail.
  void leave_out(std::uint64_t count);

  std::uint64_t lines_seen() const { return seen_; }
  std::uint64_t lines_left_out() const { return left_out_; }  // between head() and tail()
  const std::vector<TranscriptLine>& head() const { return head_; }
  const std::deque<TranscriptLine>& tail() const { return tail_; }
  // None when the number is left out or was never seen.
  const TranscriptLine* find(std::uint64_t number) const;

  // Calls visit(line) in order; `gap(count)` stands for what was left out.
  template <class Visit, class Gap>
  void each(Visit visit, Gap gap) const {
    for (const auto& line : head_) visit(line);
    if (left_out_ != 0) gap(left_out_);
    for (const auto& line : tail_) visit(line);
  }

 private:
  Limits limits_;
  std::uint64_t seen_ = 0;
  std::uint64_t left_out_ = 0;
  std::size_t head_size_ = 0;
  std::size_t tail_size_ = 0;
  bool head_full_ = false;
  std::vector<TranscriptLine> head_;
  std::deque<TranscriptLine> tail_;
};

}  // namespace kverdict
