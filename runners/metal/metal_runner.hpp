// Bare-metal hosts of an inventory: one boot a host at a time, hosts that fail too often are left out, and
// what a dead session left switched on is switched off.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runners/host/clock.hpp"
#include "runners/host/signal.hpp"
#include "runners/metal/boot_server.hpp"
#include "runners/metal/host_record.hpp"
#include "runners/metal/metal_options.hpp"
#include "runners/runner.hpp"

namespace kverdict {

class MetalRunner : public Runner {
 public:
  // UsageError when the selection leaves no host.
  static Task<std::unique_ptr<MetalRunner>> open(Clock& clock, MetalOptions options);

  RunnerTraits traits() const override;
  // On the first free host; waits for one while hosts of this session are in use. InfraError when none is
  // left, naming what each is up to.
  Task<std::unique_ptr<Machine>> boot(BootSpec spec) override;
  Task<unsigned> sweep() override;

 private:
  MetalRunner(Clock& clock, MetalOptions options, boost::asio::any_io_executor executor);
  struct Taken {
    HostSpec host;
    HostLease lease;
  };
  Task<Taken> take_host();
  HostRecord record_of(const std::string& name) const;

  Clock& clock_;
  MetalOptions options_;
  std::vector<HostSpec> hosts_;
  boost::asio::any_io_executor executor_;
  std::unique_ptr<BootServer> server_;
  // Shared with machines, which may be dropped after their runner.
  struct Use;
  std::shared_ptr<Use> use_;
};

}  // namespace kverdict
