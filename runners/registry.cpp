#include "runners/registry.hpp"

#include <optional>
#include <string>
#include <utility>

#include "runners/error.hpp"
#include "runners/libvirt/libvirt_runner.hpp"

namespace kverdict {

namespace {

Task<std::unique_ptr<Runner>> open_libvirt(Clock& clock, LibvirtOptions options, LibvirtGround ground) {
  auto opening = LibvirtRunner::open(clock, std::move(options), std::move(ground));
  std::unique_ptr<Runner> runner = co_await std::move(opening);
  co_return runner;
}

Task<std::unique_ptr<Runner>> open_replay(Clock& clock, ReplayOptions options) {
  std::unique_ptr<Runner> runner = ReplayRunner::open(clock, std::move(options));
  co_return runner;
}

// The ground is shared because a std::function can be copied; it is given away by the first call.
RunnerOpener prepare_libvirt(const RunnerSettings& settings) {
  auto ground = std::make_shared<LibvirtGround>(prepare_process_for_libvirt(settings.libvirt));
  return [ground, options = settings.libvirt](Clock& clock) {
    return open_libvirt(clock, options, std::move(*ground));
  };
}

RunnerOpener prepare_replay(const RunnerSettings& settings) {
  return [options = settings.replay](Clock& clock) { return open_replay(clock, options); };
}

Task<std::unique_ptr<Runner>> open_damaged(Clock& clock, RunnerOpener opener, ConsoleFaults faults) {
  auto opening = opener(clock);
  auto runner = co_await std::move(opening);
  co_return with_console_faults(std::move(runner), faults);
}

RunnerOpener damaged(RunnerOpener opener, const ConsoleFaults& faults) {
  if (faults == ConsoleFaults{}) return opener;
  return [opener = std::move(opener), faults](Clock& clock) { return open_damaged(clock, opener, faults); };
}

}  // namespace

const std::vector<RunnerKind>& runner_kinds() {
  static const std::vector<RunnerKind> kinds = {
      {"libvirt", prepare_libvirt},
      {"replay", prepare_replay},
  };
  return kinds;
}

RunnerOpener prepare_runner(std::string_view name, const RunnerSettings& settings) {
  std::string known;
  for (const RunnerKind& kind : runner_kinds()) {
    if (kind.name == name) return damaged(kind.prepare(settings), settings.console_faults);
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  throw UsageError("target.runner: no runner is called \"" + std::string(name) + "\": there are " + known);
}

}  // namespace kverdict
