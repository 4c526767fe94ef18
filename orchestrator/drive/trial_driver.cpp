#include "orchestrator/drive/trial_driver.hpp"

#include <random>
#include <utility>
#include <variant>

#include "orchestrator/core/report/around_text.hpp"
#include "orchestrator/core/report/transcript_text.hpp"
#include "orchestrator/core/trial/judge.hpp"
#include "orchestrator/core/trial/suspicion.hpp"
#include "orchestrator/drive/host_servers.hpp"
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

Outcome inconclusive(const std::string& what) {
  Outcome outcome;
  outcome.detail = what;
  return outcome;
}

}  // namespace

TrialDriver::TrialDriver(Runner& runner, Clock& clock, MakeInitramfs make_initramfs, TrialSettings settings)
    : runner_(runner),
      clock_(clock),
      make_initramfs_(std::move(make_initramfs)),
      settings_(std::move(settings)) {}

Task<TrialRun> TrialDriver::run(std::string label, KernelImage image, std::filesystem::path directory) {
  const auto start = clock_.now();
  TrialRun run;
  try {
    make_dirs(directory);
    auto attempted = attempt(label, image, directory);
    run.outcome = co_await std::move(attempted);
  } catch (const InfraError& e) {
    run.outcome = inconclusive(e.what());
  }
  run.took = std::chrono::duration_cast<milliseconds>(clock_.now() - start);
  log_info(label + ": " + to_string(run.outcome.kind) + " " + run.outcome.detail);
  co_return run;
}

Task<Outcome> TrialDriver::attempt(std::string label, KernelImage image, std::filesystem::path directory) {
  auto job = settings_.job;
  job.token = fresh_token();
  auto executor = co_await boost::asio::this_coro::executor;
  HostServers servers(executor, clock_, settings_.servers, directory);
  servers.start(job);

  BootSpec spec;
  spec.label = label;
  spec.image = image;
  spec.initramfs = make_initramfs_(image, job, directory);
  spec.cmdline = settings_.cmdline;
  spec.shape = settings_.shape;
  spec.netconsole = settings_.netconsole;
  spec.directory = directory;
  Expected expected;
  expected.token = job.token;
  expected.release = image.release;
  expected.build_id = image.build_id;

  auto booting = runner_.boot(std::move(spec));
  auto machine = co_await std::move(booting);
  Watch watch(settings_.limits, expected, settings_.policy, clock_.now(), settings_.memory);
  HostPressureMeter host;
  auto watching = watch_machine(*machine, watch, host);
  co_await std::move(watching);
  machine.reset();
  auto stopping = servers.stop();
  co_await std::move(stopping);
  keep_files(watch, host.lately(), directory);
  auto outcome = watch.outcome();
  outcome.suspect = suspicion(outcome, host.lately());
  // A guest that could not reach a server that was not there proves nothing.
  if (const auto dead = servers.failure(); dead && outcome.kind == Outcome::Kind::workload_failed)
    outcome = inconclusive(*dead);
  co_return outcome;
}

// The transcript; of a failure, what was around it; the memory by policy.
void TrialDriver::keep_files(const Watch& watch, const HostPressure& host,
                             const std::filesystem::path& directory) const {
  write_file(directory / "transcript.log",
             transcript_text(watch.transcript()) + channel_summary(watch.fusion(), watch.netconsole()));
  const bool failed = !complaints(watch.outcome()).empty();
  if (failed) write_file(directory / k_around_file, around_text(watch.vitals(), host));
  if (failed && settings_.keep_memory != KeepMemory::never) return;
  std::error_code not_there;
  std::filesystem::remove(directory / k_memory_file, not_there);
}

// The host is looked at while the failure can still come: what was before it counts, not the way off.
Task<void> TrialDriver::watch_machine(Machine& machine, Watch& watch, HostPressureMeter& host) {
  while (watch.need() != Watch::Need::done) {
    host.look(clock_.now());
    auto step = watch.need() == Watch::Need::wait ? hear(machine, watch) : act(machine, watch);
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

Task<void> TrialDriver::hear(Machine& machine, Watch& watch) {
  auto next = machine.next();
  auto timer = clock_.until(watch.deadline());
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
