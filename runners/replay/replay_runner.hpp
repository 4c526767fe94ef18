// Machines that play recordings: a product feature (judge old consoles anew) and the tests' fake machine.
// The directory holds recordings and a table "boots", one row a line, the first that fits is played:
//
//   # what     pattern (shell style)        recording
//   label      0007-*                       panic.log
//   kernel     */good/vmlinux               good.log
//   any        *                            good.log
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runners/host/clock.hpp"
#include "runners/replay/recording.hpp"
#include "runners/runner.hpp"

namespace kverdict {

struct ReplayOptions {
  std::filesystem::path directory;
  unsigned slots = 1;
};

struct ReplayRow {
  enum class Key { any, label, kernel };
  Key key = Key::any;
  std::string pattern;
  std::filesystem::path recording;
};

class ReplayRunner : public Runner {
 public:
  // Reads the table; UsageError names file and line.
  static std::unique_ptr<ReplayRunner> open(Clock& clock, ReplayOptions options);

  RunnerTraits traits() const override;
  // InfraError when no row fits or the recording cannot be read.
  Task<std::unique_ptr<Machine>> boot(BootSpec spec) override;
  Task<unsigned> sweep() override;

  unsigned running() const { return *running_; }

 private:
  ReplayRunner(Clock& clock, ReplayOptions options, std::vector<ReplayRow> rows);

  Clock& clock_;
  ReplayOptions options_;
  std::vector<ReplayRow> rows_;
  std::shared_ptr<unsigned> running_;  // shared with machines, which may be dropped after their runner
};

}  // namespace kverdict
