// How libvirt is used: configuration, plain values.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace kverdict {

enum class Acceleration {
  automatic,  // hardware when a probe says that guests run with it
  emulated,
  hardware,
};

struct LibvirtOptions {
  std::string uri = "qemu:///embed";      // a root= of the embedded driver's is chosen when not given
  std::filesystem::path state_directory;  // of all sessions of this user: slots, capability cache
  std::string emulator;                   // path or name; empty = qemu-system-x86_64
  std::string machine = "pc";             // boots small kernels fastest; "q35" for PCIe devices
  Acceleration acceleration = Acceleration::automatic;
  unsigned slots = 1;                            // machines that may be up at once
  std::filesystem::path shared_directory;        // remote hosts see it under the same path; empty = none
  std::chrono::milliseconds call_limit{60'000};  // for one call of libvirt
};

enum class LibvirtPlace {
  embedded,  // QEMU driver inside this process
  local,     // a daemon on this host: qemu:///session, qemu:///system
  remote,    // a daemon on another host
  test,      // libvirt's own test driver
};
LibvirtPlace place_of(const std::string& uri);

}  // namespace kverdict
