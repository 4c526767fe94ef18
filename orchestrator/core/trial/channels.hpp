// What the channels of one boot bring while it lives: lines, reports, the guest's words. Pure.
//
// Live, each channel is read by itself, so that neither waits for the other: a crash counts as soon as one of
// them shows it, and a word of the guest is heard once, from whichever brings it first. When all is over the
// channels become one transcript.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "orchestrator/core/console/fusion.hpp"
#include "orchestrator/core/console/scanner.hpp"
#include "runners/boot.hpp"
#include "workloads/marker.hpp"

namespace kverdict {

// Who wants to know what is heard. Views are valid during the call only.
struct Listening {
  std::function<void(const Line&, ConsoleSource)> line;
  std::function<void(const Marker&)> marker;
};

class Channels {
 public:
  void feed(const ConsoleChunk& chunk, std::chrono::milliseconds host_time, const Listening& to);
  // No more bytes: what waits for its line end is a line.
  void finish(std::chrono::milliseconds host_time, const Listening& to);

  // The reports so far, all channels together.
  bool panicked() const;
  bool is_report_open() const;
  std::uint64_t reports_begun() const;
  std::vector<Oops> open_reports() const;
  std::vector<Oops> take_reports();  // complete ones, since the last call

  std::uint64_t lines_seen() const;
  bool is_alone() const;  // only serial has spoken
  // What is left afterwards is empty.
  Fusion fuse();

 private:
  static constexpr std::size_t k_channels = 3;
  struct Channel {
    LineReader reader;
    OopsScanner scanner;
  };
  // Words that two channels bring are one: each channel's n-th copy of a word is its n-th copy.
  class Once {
   public:
    bool is_new(std::size_t channel, std::size_t word);

   private:
    struct Copies {
      std::array<std::uint32_t, k_channels> of{};
      std::uint32_t most = 0;
    };
    std::unordered_map<std::size_t, Copies> copies_;
    std::deque<std::size_t> oldest_;
  };

  void take(const Line& line, ConsoleSource source, std::chrono::milliseconds host_time, const Listening& to);
  Transcript& lines_of(ConsoleSource source);

  std::array<Channel, k_channels> channels_;
  ChannelLines lines_;
  Once once_;
};

}  // namespace kverdict
