// The story of a metal boot from "whatever state it was in" to "our kernel was fetched": what to do next, and
// when to give up. Pure: time and answers come in. A BMC is not believed: after each command its own word on
// the power is asked, and a command that did nothing is given again.
//
//   phase       does                                             then
//   clearing    power off until the BMC says so                  resting, or preparing when it was off
//   already resting     no power for off_time                            preparing preparing   console,
//   files, boot device                      starting starting    power on until the BMC says so fetching, or
//   deploying, or done deploying   a hook starts the kernel from a resident system  done fetching    waits
//   for the host to fetch its kernel           done; past `firmware` clearing again
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "runners/metal/host_spec.hpp"

namespace kverdict {

enum class PowerState { unknown, on, off };
const char* to_string(PowerState state);

class BootStory {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  enum class Need {
    ask_power,
    switch_off,
    switch_on,
    connect_console,
    deploy,
    choose_network,  // as the next boot's device
    wait,            // until deadline(), or the fetch
    done,
    failed,
  };

  BootStory(Delivery delivery, HostLimits limits, Instant start);

  Need need() const { return need_; }
  Instant deadline() const { return until_; }
  const std::string& why() const { return why_; }  // it failed
  unsigned cycles() const { return cycles_; }      // power cycles begun

  void power_is(PowerState state, Instant now);
  void did(Need need, Instant now);
  void fetched(Instant now);  // kernel and initramfs, whole
  void on_time(Instant now);

 private:
  enum class Phase { clearing, resting, preparing, starting, deploying, fetching, over };

  void clear(Instant now);
  void prepare(Instant now);
  void start(Instant now);
  void started(Instant now);
  void look_again(PowerState state, Instant now);
  void command_or_fail(PowerState state, Instant now);
  void fail(std::string why);

  Delivery delivery_;
  HostLimits limits_;
  Phase phase_ = Phase::clearing;
  Need need_ = Need::ask_power;
  Instant until_;
  Instant obeyed_by_;      // when the power should have followed the last command
  unsigned commands_ = 0;  // given in this phase
  unsigned cycles_ = 0;
  std::string why_;
};

}  // namespace kverdict
