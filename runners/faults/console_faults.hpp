// Consoles that lie, for drills and tests: damages what a machine says before anybody reads it. Words, all
// optional:
//
//   serial.drop=0.01      share of the bytes that are lost
//   serial.garble=0.005   share of the bytes that become others
//   serial.stop=20000     bytes after which serial is dead
//   netconsole.lose=0.1   share of the lines that are lost
//   seed=7                another damage; each boot has its own, the same each time
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "runners/runner.hpp"

namespace kverdict {

struct ConsoleFaults {
  double serial_drop = 0;
  double serial_garble = 0;
  std::uint64_t serial_stop = std::numeric_limits<std::uint64_t>::max();
  double netconsole_lose = 0;
  std::uint64_t seed = 1;
  bool operator==(const ConsoleFaults&) const = default;
};

// UsageError names the word that is none. Empty text: no faults.
ConsoleFaults parse_console_faults(const std::string& text);

// Damages one boot's chunks in order. Pure.
class ConsoleDamage {
 public:
  ConsoleDamage(const ConsoleFaults& faults, std::string_view label);
  void apply(ConsoleChunk& chunk);

 private:
  bool happens(double share);
  std::string damaged_serial(std::string_view bytes);
  std::string damaged_lines(std::string_view lines);

  ConsoleFaults faults_;
  std::mt19937_64 random_;
  std::uint64_t serial_seen_ = 0;
};

// Another runner with damaged consoles.
std::unique_ptr<Runner> with_console_faults(std::unique_ptr<Runner> runner, const ConsoleFaults& faults);

}  // namespace kverdict
