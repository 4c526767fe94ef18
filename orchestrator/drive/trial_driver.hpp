// The story of one boot: initramfs, servers, power-on, watching, outcome. The one place where InfraError is
// caught: it becomes an inconclusive outcome.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "orchestrator/core/trial/policy.hpp"
#include "orchestrator/core/trial/watch.hpp"
#include "runners/host/clock.hpp"
#include "runners/host/pressure.hpp"
#include "runners/runner.hpp"
#include "workloads/workload.hpp"

namespace kverdict {

// What every boot of a session has in common.
struct TrialSettings {
  MachineShape shape;
  std::string cmdline;
  NetconsoleUse netconsole = NetconsoleUse::off;
  MemoryUse memory = MemoryUse::never;
  KeepMemory keep_memory = KeepMemory::never;  // the culprit's: each failure's, until the culprit is known
  GuestJob job;                                // token is set for each boot
  std::vector<HostServer> servers;
  WatchLimits limits;
  OopsPolicy policy;
};

// Writes the initramfs of one boot into its directory and returns its path.
using MakeInitramfs = std::function<std::filesystem::path(const KernelImage& image, const GuestJob& job,
                                                          const std::filesystem::path& directory)>;

struct TrialRun {
  Outcome outcome;
  std::chrono::milliseconds took{0};
};

class TrialDriver {
 public:
  TrialDriver(Runner& runner, Clock& clock, MakeInitramfs make_initramfs, TrialSettings settings);

  // Boots the image once; `directory` is the boot's own and is made. Leaves in it: transcript.log (every
  // line, with time and source) and what the runner keeps. Never throws InfraError.
  Task<TrialRun> run(std::string label, KernelImage image, std::filesystem::path directory);

  std::string machine() const { return runner_.traits().name; }

 private:
  Task<Outcome> attempt(std::string label, KernelImage image, std::filesystem::path directory);
  Task<void> watch_machine(Machine& machine, Watch& watch, HostPressureMeter& host);
  Task<void> act(Machine& machine, Watch& watch);
  Task<void> hear(Machine& machine, Watch& watch);
  void keep_files(const Watch& watch, const HostPressure& host, const std::filesystem::path& directory) const;

  Runner& runner_;
  Clock& clock_;
  MakeInitramfs make_initramfs_;
  TrialSettings settings_;
};

}  // namespace kverdict
