// Machines that are libvirt domains: transient, named kverdict-<label>, their console a file.
#pragma once

#include <memory>

#include "runners/host/clock.hpp"
#include "runners/libvirt/connection.hpp"
#include "runners/libvirt/domain_xml.hpp"
#include "runners/libvirt/ground.hpp"
#include "runners/libvirt/options.hpp"
#include "runners/netconsole/listener.hpp"
#include "runners/runner.hpp"

namespace kverdict {

class LibvirtRunner : public Runner {
 public:
  // Connects, finds out whether hardware acceleration works, and measures the host. UsageError when the
  // host lacks something, naming the Debian package.
  static Task<std::unique_ptr<LibvirtRunner>> open(Clock& clock, LibvirtOptions options,
                                                   LibvirtGround ground);

  RunnerTraits traits() const override { return traits_; }
  Task<std::unique_ptr<Machine>> boot(BootSpec spec) override;
  Task<unsigned> sweep() override;

 private:
  LibvirtRunner(Clock& clock, LibvirtOptions options, LibvirtGround ground);
  void check_reachable(const BootSpec& spec) const;
  std::unique_ptr<NetconsoleListener> listen_for(const BootSpec& spec,
                                                 const boost::asio::any_io_executor& executor) const;
  Task<unsigned> destroy_orphans();

  Clock& clock_;
  LibvirtOptions options_;
  LibvirtGround ground_;
  std::unique_ptr<Connection> connection_;
  DomainFacts facts_;
  RunnerTraits traits_;
  unsigned swept_at_start_ = 0;
};

}  // namespace kverdict
