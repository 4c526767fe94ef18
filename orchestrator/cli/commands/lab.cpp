#include "orchestrator/cli/commands/lab.hpp"

#include <algorithm>

#include "orchestrator/cli/time_of_day.hpp"
#include "orchestrator/images/initramfs.hpp"
#include "orchestrator/images/modules.hpp"
#include "runners/error.hpp"
#include "workloads/boot_defaults.hpp"
#include "workloads/network.hpp"
#include "workloads/workload.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

using WallTime = std::chrono::system_clock::time_point;

// As short as a workload may be.
constexpr Millis k_shortest_load{100};

// Around the steps' own limits: start, set-up between steps, the last words.
constexpr Millis k_workload_margin{10'000};

Millis scaled(Millis limit, double time_scale) {
  return Millis(static_cast<Millis::rep>(static_cast<double>(limit.count()) * time_scale));
}

WatchLimits watch_limits(const LimitsConfig& limits, const std::vector<GuestStep>& steps, double time_scale) {
  WatchLimits watch;
  watch.boot = scaled(limits.boot, time_scale);
  watch.silence = scaled(limits.silence, time_scale);
  watch.linger = limits.linger;
  watch.provoke = scaled(watch.provoke, time_scale);
  watch.workload = scaled(k_workload_margin, time_scale);
  for (const auto& step : steps) watch.workload += step.limit;  // scaled by its plan
  return watch;
}

MemoryUse memory_use(const Config& config) {
  if (config.target.memory > config.run.memory_limit) return MemoryUse::never;
  return config.run.keep_memory == KeepMemory::never ? MemoryUse::when_torn : MemoryUse::always;
}

Acceleration acceleration_of(Switch kvm) {
  switch (kvm) {
    case Switch::automatic:
      return Acceleration::automatic;
    case Switch::on:
      return Acceleration::hardware;
    case Switch::off:
      return Acceleration::emulated;
  }
  return Acceleration::automatic;
}

CompilerCache cache_of(Switch ccache) {
  switch (ccache) {
    case Switch::automatic:
      return CompilerCache::automatic;
    case Switch::on:
      return CompilerCache::on;
    case Switch::off:
      return CompilerCache::off;
  }
  return CompilerCache::automatic;
}

BuildGoal goal_of(BuildTarget target) {
  switch (target) {
    case BuildTarget::automatic:
      return BuildGoal::automatic;
    case BuildTarget::vmlinux:
      return BuildGoal::vmlinux;
    case BuildTarget::bzimage:
      return BuildGoal::bzimage;
  }
  return BuildGoal::automatic;
}

// Candidates that contain `from` and do not contain `to`; an empty end is open.
std::function<bool(const CandidateId&)> covers(GitSource& source, const FixupConfig& fixup) {
  if (fixup.from.empty() && fixup.to.empty()) return {};
  std::optional<CandidateId> from, to;
  if (!fixup.from.empty()) from = source.commit_of(fixup.from);
  if (!fixup.to.empty()) to = source.commit_of(fixup.to);
  return [&source, from, to](const CandidateId& id) {
    return (!from || source.is_ancestor(*from, id)) && (!to || !source.is_ancestor(*to, id));
  };
}

// A drill damages consoles on purpose.
NetconsoleUse netconsole_of(const TargetConfig& target) {
  const bool drill = !target.console_faults.empty();
  return drill && target.netconsole == NetconsoleUse::automatic ? NetconsoleUse::on : target.netconsole;
}

// netconsole goes along where the kernel has it as a module; one without it is none the worse.
std::vector<std::string> modules_for(const KernelImage& image, std::vector<std::string> wanted,
                                     NetconsoleUse netconsole) {
  std::error_code ignored;
  const bool has_modules =
      !image.modules.empty() && fs::is_directory(image.modules / "lib" / "modules" / image.release, ignored);
  if (netconsole == NetconsoleUse::on && has_modules && !image.release.empty())
    wanted.emplace_back("netconsole");
  return image.modules.empty() ? std::vector<std::string>() : wanted;
}

MakeInitramfs initramfs_maker(InitramfsSpec spec, fs::path cache, std::vector<std::string> modules,
                              NetconsoleUse netconsole) {
  return [spec = std::move(spec), cache = std::move(cache), modules = std::move(modules), netconsole](
             const KernelImage& image, const GuestJob& job, const fs::path& directory) {
    auto with_modules = spec;
    auto loading = job;
    if (const auto wanted = modules_for(image, modules, netconsole); !wanted.empty()) {
      auto loaded = guest_modules(image.modules, image.release, wanted);
      with_modules.files.insert(with_modules.files.end(), loaded.files.begin(), loaded.files.end());
      loading.modules = std::move(loaded.order);
    }
    const auto out = directory / "initramfs.cpio";
    write_initramfs(base_initramfs(with_modules, cache), loading, out);
    return out;
  };
}

// The cards' drivers come before what the user wants loaded.
std::vector<std::string> wanted_modules(const Config& config) {
  auto modules = driver_modules(machine_shape(config.target));
  modules.insert(modules.end(), config.target.modules.begin(), config.target.modules.end());
  return modules;
}

}  // namespace

RunnerOpener open_machines(const Config& config, const Places& places) {
  RunnerSettings settings;
  settings.console_faults = parse_console_faults(config.target.console_faults);
  settings.libvirt.uri = config.target.uri;
  settings.libvirt.shared_directory = config.target.shared_directory;
  settings.libvirt.state_directory = places.state;
  settings.libvirt.acceleration = acceleration_of(config.target.kvm);
  settings.libvirt.slots = config.target.slots;
  return prepare_runner(config.target.runner, settings);
}

RangeSpec range_spec(const Config& config) {
  RangeSpec spec;
  spec.bad = config.source.bad;
  spec.goods = config.source.good;
  spec.ancestry = config.source.first_parent ? Ancestry::first_parent : Ancestry::all;
  spec.paths = config.source.paths;
  return spec;
}

BuildOptions build_options(const Config& config, const Places& places, const BuildSlot& slot,
                           GitSource& source) {
  const auto& build = config.build;
  BuildOptions options;
  options.clone = config.source.repo;
  options.worktree = slot.directory / "source";
  options.output = slot.directory / "output";
  options.cache = places.cache / "images";
  options.cache_limit = static_cast<std::uint64_t>(build.cache_limit);
  options.base = build.base;
  options.fragments = build.fragments;
  options.make_variables = build.make_variables;
  options.arch = build.arch;
  options.goal = goal_of(build.target);
  options.ccache = cache_of(build.ccache);
  options.jobs = build.jobs;
  options.limit = build.limit;
  for (const auto& fixup : build.fixups) options.fixups.push_back({fixup.patch, covers(source, fixup)});
  return options;
}

Images make_images(const Config& config, const Places& places, Candidates& candidates, Clock& clock,
                   BlockingPool& pool, BuildProvider::OnProgress on_progress) {
  Images images;
  if (const auto* packages = candidates.packages()) {
    PackageOptions options;
    options.images = places.cache / "images";
    options.image_limit = count_of(config.build.cache_limit);
    options.downloads = places.cache / "packages";
    options.download_limit = count_of(config.source.download_limit);
    options.modules = wanted_modules(config);
    auto provider = std::make_unique<PackageProvider>(clock, pool, *packages, std::move(options));
    images.packages = provider.get();
    images.provider = std::move(provider);
    return images;
  }
  images.slot = take_build_slot(places, config.source.repo);
  auto options = build_options(config, places, *images.slot, *candidates.git());
  images.provider = std::make_unique<BuildProvider>(clock, pool, std::move(options), std::move(on_progress));
  return images;
}

TrialPlan plan_trials(const Config& config, const Places& places, double time_scale) {
  TrialPlan plan;
  auto& settings = plan.settings;
  settings.shape = machine_shape(config.target);
  const auto programs = find_guest_programs();
  const auto work = plan_workloads(config.workloads, settings.shape, time_scale, programs);
  settings.cmdline = default_cmdline(time_scale);
  settings.netconsole = netconsole_of(config.target);
  settings.memory = memory_use(config);
  settings.keep_memory = config.run.keep_memory;
  if (!config.target.cmdline.empty()) settings.cmdline += " " + config.target.cmdline;
  settings.job.sysctls = default_sysctls(time_scale);
  for (const auto& [name, value] : config.target.sysctls) settings.job.sysctls[name] = value;
  settings.job.nics = plan_network(settings.shape);
  settings.job.steps = work.steps;
  if (!config.run.vitals) settings.job.vitals = Millis(0);
  settings.servers = work.servers;
  settings.limits = watch_limits(config.limits, work.steps, time_scale);
  settings.policy.warnings = config.verdict.warning == WarningPolicy::count;
  settings.policy.complaints = config.verdict.complaint == WarningPolicy::count;
  InitramfsSpec spec{programs.init, work.files};
  plan.make_initramfs = initramfs_maker(std::move(spec), places.cache / "initramfs", wanted_modules(config),
                                        netconsole_of(config.target));
  return plan;
}

Millis configured_load(const Config& config) {
  Millis total{0};
  for (const auto& workload : config.workloads) total += workload.duration;
  return total;
}

SettingsFor settings_for(const Config& config, const Places& places, double time_scale) {
  const auto usual = plan_trials(config, places, time_scale).settings;
  return [usual, config, places, time_scale](Millis soak) {
    const auto load = configured_load(config);
    if (soak.count() == 0 || soak == load) return usual;
    auto changed = config;
    for (auto& workload : changed.workloads)
      workload.duration = std::max(k_shortest_load, workload.duration * soak.count() / load.count());
    return plan_trials(changed, places, time_scale).settings;
  };
}

std::optional<WallTime> deadline_of(const RunConfig& run, WallTime now) {
  std::optional<WallTime> deadline;
  if (run.budget.count() > 0) deadline = now + run.budget;
  if (run.until.empty()) return deadline;
  const auto until = next_time_of_day(run.until, now);
  if (!until) throw UsageError("run.until: '" + run.until + "' is no time of day; write it like 08:00");
  return deadline ? std::min(*deadline, *until) : *until;
}

SessionRules session_rules(const Config& config) {
  SessionRules rules;
  const auto& bisect = config.bisect;
  rules.bisect.end_runs = bisect.end_runs;
  rules.bisect.skip_limit = bisect.skip_limit;
  rules.bisect.method = bisect.method;
  rules.bisect.find = bisect.find;
  rules.bisect.ends = bisect.ends;
  rules.bisect.confidence = bisect.confidence;
  rules.bisect.soak = {bisect.soak_shortest, bisect.soak_longest};
  rules.bisect.known = {bisect.known_failed, bisect.known_passed};
  rules.run = configured_load(config);
  rules.slots = config.target.slots;
  rules.hunt = config.verdict;
  rules.lab_retries = config.run.lab_retries;
  rules.build_ahead = config.run.build_ahead ? BuildAhead::on : BuildAhead::off;
  return rules;
}

}  // namespace kverdict
