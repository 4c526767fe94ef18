#include "runners/metal/metal_runner.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/host/log.hpp"
#include "runners/metal/metal_machine.hpp"

namespace kverdict {

namespace fs = std::filesystem;

struct MetalRunner::Use {
  explicit Use(boost::asio::any_io_executor executor) : freed(std::move(executor)) {}
  unsigned hosts = 0;  // in use by this runner's machines
  Signal freed;
};

std::vector<HostSpec> selected_hosts(const MetalOptions& options) {
  std::vector<HostSpec> selected;
  for (const HostSpec& host : options.hosts) {
    auto has = [&](const std::string& feature) {
      return feature == host.name ||
             std::find(host.features.begin(), host.features.end(), feature) != host.features.end();
    };
    if (std::all_of(options.features.begin(), options.features.end(), has)) selected.push_back(host);
  }
  return selected;
}

MetalRunner::MetalRunner(Clock& clock, MetalOptions options, boost::asio::any_io_executor executor)
    : clock_(clock),
      options_(std::move(options)),
      hosts_(selected_hosts(options_)),
      executor_(executor),
      use_(std::make_shared<Use>(executor)) {}

Task<std::unique_ptr<MetalRunner>> MetalRunner::open(Clock& clock, MetalOptions options) {
  auto executor = co_await boost::asio::this_coro::executor;
  std::unique_ptr<MetalRunner> runner(new MetalRunner(clock, std::move(options), executor));
  if (runner->hosts_.empty())
    throw UsageError(
        "no host of the inventory has all features that target.select asks for; `kverdict hosts "
        "list` shows what there is");
  const auto fetches = [](const HostSpec& host) { return host.delivery == Delivery::network; };
  if (std::any_of(runner->hosts_.begin(), runner->hosts_.end(), fetches))
    runner->server_ = BootServer::open(executor, runner->options_.listen);
  co_return runner;
}

HostRecord MetalRunner::record_of(const std::string& name) const {
  return HostRecord(options_.state_directory / "hosts" / name);
}

RunnerTraits MetalRunner::traits() const {
  RunnerTraits traits;
  unsigned usable = 0;
  for (const HostSpec& host : hosts_) {
    traits.name += (traits.name.empty() ? "metal: " : ", ") + host.name;
    traits.time_scale = std::max(traits.time_scale, host.time_scale);
    if (!record_of(host.name).out_of_use()) ++usable;
  }
  traits.slots = std::max(1u, options_.count == 0 ? usable : std::min(usable, options_.count));
  return traits;
}

Task<MetalRunner::Taken> MetalRunner::take_host() {
  for (;;) {
    std::string reasons;
    for (const HostSpec& host : hosts_) {
      auto taken = record_of(host.name).take();
      if (auto* lease = std::get_if<HostLease>(&taken)) co_return Taken{host, std::move(*lease)};
      reasons += (reasons.empty() ? "" : "; ") + host.name + " is " + std::get<std::string>(taken);
    }
    if (use_->hosts == 0) throw InfraError("no host is free: " + reasons);
    auto waiting = use_->freed.wait();
    co_await std::move(waiting);
    use_->freed.lower();
  }
}

Task<std::unique_ptr<Machine>> MetalRunner::boot(BootSpec spec) {
  if (spec.image.format != KernelFormat::bzimage)
    throw UsageError("bare metal boots bzImage, not vmlinux: set build.target = \"bzImage\"");
  auto taking = take_host();
  auto taken = co_await std::move(taking);
  ++use_->hosts;
  MetalGround ground{taken.host, record_of(taken.host.name), std::move(taken.lease), server_.get(), {}};
  auto use = use_;
  ground.released = [use] {
    --use->hosts;
    use->freed.raise();
  };
  auto machine = std::make_unique<MetalMachine>(executor_, clock_, std::move(spec), std::move(ground));
  auto starting = machine->start();
  co_await std::move(starting);
  co_return machine;
}

// A host that is marked as switched on, and that nobody has, was left by a dead session.
Task<unsigned> MetalRunner::sweep() {
  unsigned swept = 0;
  for (const HostSpec& host : options_.hosts) {
    const auto record = record_of(host.name);
    const auto by = record.powered_by();
    if (!by) continue;
    auto taken = record.take_anyway();
    if (!std::holds_alternative<HostLease>(taken)) continue;
    const auto directory = record.directory() / "sweep";
    make_dirs(directory);
    MetalHost left(clock_, host, directory);
    auto switching = left.off();
    co_await std::move(switching);
    record.mark_off();
    log_info(host.name + " was left on by " + *by + ": switched off");
    ++swept;
  }
  co_return swept;
}

}  // namespace kverdict
