// The datagrams of one machine -> the lines its kernel sent, each once, and a count of what went wrong. Pure;
// memory is bounded whatever arrives.
//
// Lines of the extended format come out as they went in, "level,sequence,microseconds,flags;text", one line
// feed behind each, fragments put together; core/console reads them. They come out in the order of arrival:
// the transcript sorts by sequence, here it is only counted.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runners/boot.hpp"
#include "runners/netconsole/frame.hpp"

namespace kverdict {

// Which sequence numbers came; looks back over a window.
class SequenceLedger {
 public:
  enum class Entry { fresh, duplicate, other_boot };
  // `print` tells two records with the same number apart.
  Entry enter(std::uint64_t sequence, std::uint64_t print);
  std::uint64_t lost() const;  // so far; a number that may still come late counts until it does
  std::uint64_t late() const { return late_; }

 private:
  static constexpr std::uint64_t k_window = 4096;
  static constexpr std::uint64_t k_longest_gap = 1'000'000;
  struct Slot {
    std::uint64_t sequence = UINT64_MAX;
    std::uint64_t print = 0;
  };
  Entry enter_again(std::uint64_t sequence, std::uint64_t print);
  Slot& slot(std::uint64_t sequence) { return slots_[sequence % k_window]; }

  std::vector<Slot> slots_ = std::vector<Slot>(k_window);
  std::optional<std::uint64_t> first_, newest_, doubtful_;
  std::uint64_t came_ = 0, late_ = 0, skipped_ = 0;
};

class NetAssembly {
 public:
  // Appends what the datagram completes.
  void take(std::string_view datagram, std::string& lines);
  NetconsoleCounts counts() const;

 private:
  struct Partial {
    std::uint64_t sequence = 0;
    std::string body;
    std::vector<bool> filled;
    std::size_t missing = 0;
  };
  void take_fragment(const NetFrame& frame, std::string& lines);
  Partial& partial_of(const NetFrame& frame);
  void take_record(const NetFrame& frame, std::string_view body, std::string& lines);
  bool belongs(const NetFrame& frame, std::string_view message);

  std::deque<Partial> partials_;  // oldest first
  std::uint64_t last_whole_ = UINT64_MAX;
  SequenceLedger ledger_;
  bool began_ = false;    // saw the kernel's first words
  unsigned strange_ = 0;  // records of another boot in a row
  NetconsoleCounts counts_;
};

}  // namespace kverdict
