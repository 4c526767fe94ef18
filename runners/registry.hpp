// Runners by name: one explicit table.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "runners/faults/console_faults.hpp"
#include "runners/libvirt/options.hpp"
#include "runners/replay/replay_runner.hpp"
#include "runners/runner.hpp"

namespace kverdict {

// The settings of every kind; each factory reads its own.
struct RunnerSettings {
  LibvirtOptions libvirt;
  ReplayOptions replay;
  ConsoleFaults console_faults;  // of whatever kind
};

// A runner that can be opened once the event loop runs. What must happen before there are threads has
// happened when it is made.
using RunnerOpener = std::function<Task<std::unique_ptr<Runner>>(Clock& clock)>;

struct RunnerKind {
  std::string_view name;
  RunnerOpener (*prepare)(const RunnerSettings& settings);
};

const std::vector<RunnerKind>& runner_kinds();

// First thing in main, single-threaded. UsageError for an unknown name, naming those that exist. The opener
// is called at most once.
RunnerOpener prepare_runner(std::string_view name, const RunnerSettings& settings);

}  // namespace kverdict
