// A configuration made into the parts that a session or a trial talks to: one function a part. Decides
// nothing.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "orchestrator/cli/commands/candidates.hpp"
#include "orchestrator/cli/commands/places.hpp"
#include "orchestrator/core/model/history.hpp"
#include "orchestrator/drive/session.hpp"
#include "orchestrator/images/build_provider.hpp"
#include "orchestrator/images/package_provider.hpp"
#include "runners/registry.hpp"
#include "workloads/guest_programs.hpp"

namespace kverdict {

// First thing of a command that boots machines, before there are threads (runners/registry.hpp).
RunnerOpener open_machines(const Config& config, const Places& places);

RangeSpec range_spec(const Config& config);

// `ours` may ask it about ancestors for as long as the options live.
BuildOptions build_options(const Config& config, const Places& places, const BuildSlot& slot,
                           GitSource& source);

// Kernels for the candidates of one session, and what they hold while they are made.
struct Images {
  std::optional<BuildSlot> slot;  // git: ours until we are done
  std::unique_ptr<ImageProvider> provider;
  PackageProvider* packages = nullptr;  // the provider, where it is one
};
Images make_images(const Config& config, const Places& places, Candidates& candidates, Clock& clock,
                   BlockingPool& pool, BuildProvider::OnProgress on_progress = {});

// What every boot has in common, and the files its initramfs is made of. UsageError for a workload that does
// not exist or cannot run on this machine's shape.
struct TrialPlan {
  TrialSettings settings;
  MakeInitramfs make_initramfs;
};
TrialPlan plan_trials(const Config& config, const Places& places, double time_scale);
// The same settings for a boot that is under load for another time than configured.
SettingsFor settings_for(const Config& config, const Places& places, double time_scale);

// The configured time under load, all workloads together.
Millis configured_load(const Config& config);

// When a session that starts now must end; none: when its question is answered. UsageError for a time of day
// that is none.
std::optional<std::chrono::system_clock::time_point> deadline_of(const RunConfig& run,
                                                                 std::chrono::system_clock::time_point now);

SessionRules session_rules(const Config& config);

}  // namespace kverdict
