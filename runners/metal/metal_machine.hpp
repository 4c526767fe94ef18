// One boot of one host, from whatever state it was in to switched off.
//
// Silence is only believed when the host had power, had fetched its kernel, and its console was connected and
// had been heard: else a provocation, or the power-off, is an InfraError. Nothing is switched off before what
// the console still has to say was heard and the hook has collected what it can.
#pragma once

#include <memory>

#include "runners/metal/boot_server.hpp"
#include "runners/metal/host_record.hpp"
#include "runners/metal/metal_host.hpp"
#include "runners/runner.hpp"

namespace kverdict {

// What a boot needs besides its spec.
struct MetalGround {
  HostSpec host;
  HostRecord record;
  HostLease lease;
  BootServer* server = nullptr;    // for Delivery::network
  std::function<void()> released;  // the host may be used by the next boot
};

class MetalMachine : public Machine {
 public:
  MetalMachine(boost::asio::any_io_executor executor, Clock& clock, BootSpec spec, MetalGround ground);
  ~MetalMachine() override;
  // Returns when the kernel was fetched, or given to the host by a hook.
  Task<void> start();

  std::string name() const override { return name_; }
  Task<ConsoleEvent> next() override;
  Task<bool> provoke(Provocation how) override;
  Task<void> power_off() override;

 private:
  class Core;
  std::string name_;
  std::shared_ptr<Core> core_;  // shared with the coroutines that listen, which end after it
};

// The kernel's command line on this host; port 0: nobody listens to netconsole.
std::string metal_cmdline(const HostSpec& host, const BootSpec& spec, std::uint16_t netconsole_port);

}  // namespace kverdict
