// The inside of a MetalMachine: bringing it up (metal_boot.cpp), and the rest of its life
// (metal_machine.cpp).
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <exception>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "runners/host/files.hpp"
#include "runners/host/signal.hpp"
#include "runners/metal/console_link.hpp"
#include "runners/metal/metal_machine.hpp"
#include "runners/netconsole/listener.hpp"

namespace kverdict {

class MetalMachine::Core : public std::enable_shared_from_this<MetalMachine::Core> {
 public:
  Core(boost::asio::any_io_executor executor, Clock& clock, BootSpec spec, MetalGround ground);

  Task<void> start();
  Task<ConsoleEvent> next();
  Task<bool> provoke(Provocation how);
  Task<void> power_off();
  void abandon() noexcept;  // the blunt end

 private:
  Task<void> bring_up();
  Task<void> give_up();
  Task<void> step(BootStory& story);
  Task<void> connect();
  Task<void> deliver();
  Task<void> wait(BootStory& story);
  Task<void> prove_silence();
  Task<bool> send_sysrq();
  Task<void> drain();
  Task<void> end(GuestExit exit);
  Task<void> pump();
  void listen();
  Task<void> pump_netconsole();
  void take_netconsole();
  void was_heard(std::size_t bytes);
  Task<void> end_after_reset();
  void on_news(BootNews news);
  void push(ConsoleEvent event);
  void note_failure(const std::string& what);
  void let_go();
  template <class T>
  Task<T> remembered(Task<T> task);
  template <class F>
  void spawn(F run);

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  BootSpec spec_;
  MetalGround ground_;
  MetalHost host_;
  ConsoleLink link_;
  AppendFile log_;
  std::unique_ptr<BootServer::Placed> order_;
  std::unique_ptr<NetconsoleListener> listener_;
  std::unique_ptr<NetconsoleStream> kernel_log_;  // goes before its listener
  std::list<boost::asio::cancellation_signal> coroutines_;

  boost::asio::cancellation_signal* kernel_log_cancel_ = nullptr;  // of the coroutine that listens to it

  std::deque<ConsoleEvent> events_;
  Signal news_;      // events_, failure_
  Signal progress_;  // of the fetch
  Signal over_;
  std::exception_ptr failure_;  // of what runs in the background; for next()
  std::string tail_;            // of the console
  std::uint64_t heard_ = 0;
  TimePoint last_heard_;
  bool powered_ = false;  // as far as we did it
  bool loaded_ = false;
  bool ending_ = false;
  bool failed_ = false;
  std::optional<GuestExit> exit_;
  std::optional<std::string> doubt_;  // why the host's silence may be the lab's
};

template <class F>
void MetalMachine::Core::spawn(F run) {
  auto& cancel = coroutines_.emplace_back();
  boost::asio::co_spawn(executor_, run(shared_from_this()),
                        boost::asio::bind_cancellation_slot(cancel.slot(), boost::asio::detached));
}

template <class T>
Task<T> MetalMachine::Core::remembered(Task<T> task) {
  try {
    co_return co_await std::move(task);
  } catch (const InfraError& error) {  // remembered with the host, not swallowed
    note_failure(error.what());
    throw;
  }
}

}  // namespace kverdict
