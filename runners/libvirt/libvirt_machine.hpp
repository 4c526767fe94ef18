// One libvirt domain from creation to its end.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "runners/host/clock.hpp"
#include "runners/host/followed_file.hpp"
#include "runners/libvirt/call.hpp"
#include "runners/libvirt/connection.hpp"
#include "runners/netconsole/listener.hpp"
#include "runners/runner.hpp"

namespace kverdict {

// Where things of one domain are.
struct DomainPlaces {
  std::string name;
  std::filesystem::path console;   // exists; a file or a fifo
  std::filesystem::path memory;    // of the guest, once it is asked for: a core file to be
  Millis look_every{0};            // of a console that another host writes
  std::filesystem::path pid_file;  // of QEMU; empty: not ours to see
  std::filesystem::path log_file;  // QEMU's own words; empty: not ours to see
};

class LibvirtMachine : public Machine {
 public:
  // `netconsole` may be null: nobody listens.
  LibvirtMachine(boost::asio::any_io_executor executor, Clock& clock, Connection& connection,
                 DomainPlaces places, std::unique_ptr<NetconsoleListener> netconsole);
  ~LibvirtMachine() override;
  Task<void> start(std::string xml);

  Task<ConsoleEvent> next() override;
  Task<bool> provoke(Provocation how) override;
  Task<void> power_off() override;

 private:
  void on_event(DomainEvent event);
  void watch_process();
  void wait_for_process();
  void on_process_gone();
  void conclude_if_over();
  void conclude(GuestExit::Cause cause, std::string detail);
  std::string last_words_of_qemu() const;
  std::optional<ConsoleChunk> take_what_is_there();
  Task<void> wait_for_words();
  Task<bool> send_sysrq();
  Task<bool> read_memory();

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  Connection& connection_;
  DomainPlaces places_;
  FollowedFile console_;
  std::unique_ptr<NetconsoleListener> netconsole_;
  std::unique_ptr<NetconsoleStream> kernel_log_;  // what arrives there; none when nobody listens
  std::string memory_log_;                        // of the kernel, read and not yet told
  bool console_first_ = true;                     // the channels take turns
  std::uint64_t delivered_ = 0;
  Fd keys_;  // what we type on the console; none until it is needed

  boost::asio::posix::stream_descriptor process_;  // pidfd of QEMU
  boost::asio::steady_timer patience_;             // for libvirt's word after QEMU is gone
  bool created_ = false;
  bool process_gone_ = false;
  bool guest_went_off_ = false;  // libvirt saw the guest power off or reset
  bool we_destroyed_ = false;
  std::optional<int> stopped_;  // detail of libvirt's last event
  std::optional<GuestExit> exit_;
  Signal over_;
};

}  // namespace kverdict
