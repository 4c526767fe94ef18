// The guest's orders: one text file in the initramfs, written here, read by workloads/guest. Pure.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace kverdict {

struct GuestNic {
  std::string name;      // eth0
  std::string ipv4;      // "10.0.2.15/24"
  std::string ipv6;      // "fd00::1/64", empty = none
  std::string gateway;   // empty = none
  bool far_end = false;  // moved into the second network namespace, "peer"
};

// One program to run in the guest.
struct GuestStep {
  std::string name;               // workload's name, [a-z0-9_-]
  std::vector<std::string> argv;  // argv[0] is a path inside the initramfs
  std::map<std::string, std::string> env;
  std::vector<std::vector<std::string>> peers;  // servers started before, in the peer namespace
  std::chrono::milliseconds limit{0};           // past it the guest itself reports a time-out
};

struct GuestJob {
  std::string token;                           // echoed in the first marker: proves that it is our boot
  std::vector<std::string> modules;            // paths inside the initramfs, in load order
  std::map<std::string, std::string> sysctls;  // "kernel.softlockup_panic" -> "1"; missing ones are reported
  std::vector<GuestNic> nics;
  std::vector<GuestStep> steps;
  std::chrono::milliseconds heartbeat{2000};
  std::chrono::milliseconds vitals{1000};  // how often the guest tells how it fares; 0 = never
};

std::string encode(const GuestJob& job);

}  // namespace kverdict
