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
#include "orchestrator/drive/stop_switch.hpp"
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

// The settings of a boot that is to be under load for `soak`; zero: as configured.
using SettingsFor = std::function<TrialSettings(std::chrono::milliseconds soak)>;

// Writes the initramfs of one boot into its directory and returns its path.
using MakeInitramfs = std::function<std::filesystem::path(const KernelImage& image, const GuestJob& job,
                                                          const std::filesystem::path& directory)>;

// One boot.
struct TrialOrder {
  std::string label;
  KernelImage image;
  std::filesystem::path directory;  // the boot's own; it is made
  std::chrono::milliseconds soak{0};
};

struct TrialRun {
  Outcome outcome;
  std::chrono::milliseconds took{0};
  std::string machine;  // that it ran on
};

class TrialDriver {
 public:
  TrialDriver(Runner& runner, Clock& clock, MakeInitramfs make_initramfs, SettingsFor settings_for);

  // Boots the image once; any number at a time. Leaves in the directory: transcript.log (every line, with
  // time and source) and what the runner keeps. `stop` outlives the boot. Never throws InfraError.
  Task<TrialRun> run(TrialOrder order, StopSwitch& stop);

 private:
  Task<Outcome> attempt(TrialOrder order, StopSwitch& stop, std::string& machine_name);
  Task<void> watch_machine(Machine& machine, Watch& watch, HostPressureMeter& host, StopSwitch& stop);
  Task<void> act(Machine& machine, Watch& watch);
  Task<void> until(TimePoint deadline, StopSwitch& stop);
  Task<void> hear(Machine& machine, Watch& watch, StopSwitch& stop);
  static void keep_files(const Watch& watch, const HostPressure& host, KeepMemory keep_memory,
                         const std::filesystem::path& directory);

  Runner& runner_;
  Clock& clock_;
  MakeInitramfs make_initramfs_;
  SettingsFor settings_for_;
};

}  // namespace kverdict
