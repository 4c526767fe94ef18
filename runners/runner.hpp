// The two interfaces every kind of machine implements (libvirt domain, bare metal, recorded transcript).
// A conformance suite in tests/support/runner_conformance.hpp says what they promise, beyond types:
//   - chunks arrive in order, none is lost, and GuestExit is the last event, after the last byte;
//   - every call may be cancelled; destroying a Machine leaves nothing running;
//   - what the lab does wrong is an InfraError that says what was tried on which host.
#pragma once

#include <memory>
#include <string>

#include "runners/boot.hpp"
#include "runners/host/task.hpp"

namespace kverdict {

// One booted machine, from power-on to power-off.
class Machine {
 public:
  virtual ~Machine() = default;  // blunt end: whatever still runs is destroyed

  // Which of its runner's machines this is, for evidence by machine; empty: they are all alike.
  virtual std::string name() const { return {}; }
  virtual Task<ConsoleEvent> next() = 0;
  // Best effort: a machine that cannot do it returns false; throws InfraError when the lab fails.
  virtual Task<bool> provoke(Provocation how) = 0;
  // Off now, whatever the guest thinks of it. Bytes still under way come from next(), then GuestExit.
  virtual Task<void> power_off() = 0;
};

struct RunnerTraits {
  std::string name;         // for people: "qemu:///embed (TCG)"
  unsigned slots = 1;       // machines that may be up at once
  double time_scale = 1.0;  // multiply guest time-outs by this: 1 = hardware speed, larger = slower machine
};

// Makes machines of one kind available.
class Runner {
 public:
  virtual ~Runner() = default;

  virtual RunnerTraits traits() const = 0;
  virtual Task<std::unique_ptr<Machine>> boot(BootSpec spec) = 0;
  // Removes what dead sessions left behind (domains, processes). Returns how many things.
  virtual Task<unsigned> sweep() = 0;
};

}  // namespace kverdict
