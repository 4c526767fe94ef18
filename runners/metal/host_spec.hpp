// One host of the inventory: plain values.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kverdict {

// How a candidate's kernel gets into the host.
enum class Delivery {
  network,   // the host's firmware loads iPXE, iPXE asks our server: nothing of the host is touched
  files,     // a hook puts the files where the site's own boot server finds them, before power-on
  resident,  // a system that is installed on the host boots, then a hook starts the kernel from it
};

struct HostLimits {
  std::chrono::milliseconds off_time{5'000};     // without power, before it is switched on again
  std::chrono::milliseconds firmware{300'000};   // from power-on until the kernel was fetched
  std::chrono::milliseconds console{20'000};     // until the console is connected
  std::chrono::milliseconds keep_alive{35'000};  // a console whose connection is lost says so within this
  unsigned power_commands = 3;                   // given up when the power does not follow so many
  unsigned boots = 2;                            // power cycles for one boot
  unsigned failures = 3;                         // in a row: the host is drained
  bool operator==(const HostLimits&) const = default;
};

struct HostSpec {
  std::string name;                   // [a-z0-9-]; also the name it asks our server by
  std::string mac;                    // lower case, colons; the other name it may ask by; empty = none
  std::vector<std::string> features;  // what a session may select by
  std::filesystem::path power;        // hooks, by what they are asked for
  std::filesystem::path console;
  std::filesystem::path deploy;  // empty for Delivery::network
  Delivery delivery = Delivery::network;
  std::map<std::string, std::string> settings;  // for the hooks: their environment
  std::string tty = "ttyS0,115200";             // the kernel's console on this host
  std::string cmdline;                          // added to the kernel's
  std::string nic = "eth0";                     // the kernel's name of what it was booted from
  bool netconsole = true;                       // the kernel sends its log over that, too
  std::string netconsole_mac;                   // of the next hop to us; empty = broadcast, the same network
  double time_scale = 1.0;
  HostLimits limits;
  bool operator==(const HostSpec&) const = default;
};

}  // namespace kverdict
