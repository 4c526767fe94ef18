#include "orchestrator/drive/trial_driver.hpp"

#include <random>
#include <utility>
#include <variant>

#include "orchestrator/core/report/around_text.hpp"
#include "orchestrator/core/report/transcript_text.hpp"
#include "orchestrator/core/trial/judge.hpp"
#include "orchestrator/core/trial/suspicion.hpp"
#include "orchestrator/drive/host_servers.hpp"
#include "orchestrator/drive/outcomes.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/host/log.hpp"
#include "runners/host/race.hpp"

namespace kverdict {
namespace {

using std::chrono::milliseconds;

// Echoed by the guest: proves that the words on the console are of this boot.
std::string fresh_token() {
  std::random_device random;
  const std::uint64_t bits = (std::uint64_t{random()} << 32) | random();
  constexpr char k_hex[] = "0123456789abcdef";
  std::string token(16, '0');
  for (int i = 0; i < 16; ++i) token[static_cast<std::size_t>(i)] = k_hex[(bits >> (4 * i)) & 15];
  return token;
}

}  // namespace

TrialDriver::TrialDriver(Runner& runner, Clock& clock, MakeInitramfs make_initramfs, SettingsFor settings_for)
    : runner_(runner),
      clock_(clock),
      make_initramfs_(std::move(make_initramfs)),
      settings_for_(std::move(settings_for)) {}

Task<TrialRun> TrialDriver::run(TrialOrder order, StopSwitch& stop) {
  const auto start = clock_.now();
  TrialRun run;
  run.machine = runner_.traits().name;
  try {
    make_dirs(order.directory);
    auto attempted = attempt(order, stop, run.machine);
    run.outcome = co_await std::move(attempted);
  } catch (const InfraError& e) {
    run.outcome = lab_outcome(e.what());
  }
  run.took = std::chrono::duration_cast<milliseconds>(clock_.now() - start);
  log_info(order.label + ": " + to_string(run.outcome.kind) + " " + run.outcome.detail);
  co_return run;
}

Task<Outcome> TrialDriver::attempt(TrialOrder order, StopSwitch& stop, std::string& machine_name) {
  const auto settings = settings_for_(order.soak);
  auto job = settings.job;
  job.token = fresh_token();
  auto executor = co_await boost::asio::this_coro::executor;
  HostServers servers(executor, clock_, settings.servers, order.directory);
  servers.start(job);

  BootSpec spec;
  spec.label = order.label;
  spec.image = order.image;
  spec.initramfs = make_initramfs_(order.image, job, order.directory);
  spec.cmdline = settings.cmdline;
  spec.shape = settings.shape;
  spec.netconsole = settings.netconsole;
  spec.directory = order.directory;
  Expected expected;
  expected.token = job.token;
  expected.release = order.image.release;
  expected.build_id = order.image.build_id;

  auto booting = runner_.boot(std::move(spec));
  auto machine = co_await std::move(booting);
  if (auto name = machine->name(); !name.empty()) machine_name = std::move(name);
  Watch watch(settings.limits, expected, settings.policy, clock_.now(), settings.memory);
  HostPressureMeter host;
  auto watching = watch_machine(*machine, watch, host, stop);
  co_await std::move(watching);
  machine.reset();
  auto stopping = servers.stop();
  co_await std::move(stopping);
  keep_files(watch, host.lately(), settings.keep_memory, order.directory);
  auto outcome = watch.outcome();
  outcome.suspect = suspicion(outcome, host.lately());
  // A guest that could not reach a server that was not there proves nothing.
  if (const auto dead = servers.failure(); dead && outcome.kind == Outcome::Kind::workload_failed)
    outcome = lab_outcome(*dead);
  co_return outcome;
}

// The transcript; of a failure, what was around it; the memory by policy.
void TrialDriver::keep_files(const Watch& watch, const HostPressure& host, KeepMemory keep_memory,
                             const std::filesystem::path& directory) {
  write_file(directory / "transcript.log",
             transcript_text(watch.transcript()) + channel_summary(watch.fusion(), watch.netconsole()));
  const bool failed = !complaints(watch.outcome()).empty();
  if (failed) write_file(directory / k_around_file, around_text(watch.vitals(), host));
  if (failed && keep_memory != KeepMemory::never) return;
  std::error_code not_there;
  std::filesystem::remove(directory / k_memory_file, not_there);
}

// The host is looked at while the failure can still come: what was before it counts, not the way off.
Task<void> TrialDriver::watch_machine(Machine& machine, Watch& watch, HostPressureMeter& host,
                                      StopSwitch& stop) {
  while (watch.need() != Watch::Need::done) {
    host.look(clock_.now());
    if (stop.is_flipped()) watch.stop(stop.why(), clock_.now());
    auto step = watch.need() == Watch::Need::wait ? hear(machine, watch, stop) : act(machine, watch);
    co_await std::move(step);
  }
}

Task<void> TrialDriver::act(Machine& machine, Watch& watch) {
  const auto need = watch.need();
  bool worked = true;
  if (need == Watch::Need::power_off) {
    auto off = machine.power_off();
    co_await std::move(off);
  } else {
    const auto how = need == Watch::Need::nmi      ? Provocation::nmi
                     : need == Watch::Need::memory ? Provocation::memory
                                                   : Provocation::sysrq;
    auto provoking = machine.provoke(how);
    worked = co_await std::move(provoking);
  }
  watch.acted(need, worked, clock_.now());
}

Task<void> TrialDriver::until(TimePoint deadline, StopSwitch& stop) {
  auto timer = clock_.until(deadline);
  auto flipped = stop.flipped();
  auto either = race(std::move(timer), std::move(flipped));
  co_await std::move(either);
}

// Once flipped, the switch is not waited for again: the watch has decided.
Task<void> TrialDriver::hear(Machine& machine, Watch& watch, StopSwitch& stop) {
  auto next = machine.next();
  auto timer = stop.is_flipped() ? clock_.until(watch.deadline()) : until(watch.deadline(), stop);
  auto first = race(std::move(next), std::move(timer));
  const auto heard = co_await std::move(first);
  const auto now = clock_.now();
  const auto* event = std::get_if<ConsoleEvent>(&heard);
  if (event == nullptr) {
    watch.on_time(now);
  } else if (const auto* chunk = std::get_if<ConsoleChunk>(event)) {
    watch.on_chunk(*chunk, now);
    watch.on_time(now);
  } else {
    watch.on_exit(std::get<GuestExit>(*event), now);
  }
}

}  // namespace kverdict
