// One boot as libvirt wants to read it. Pure: nothing is looked up, every value is escaped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "runners/boot.hpp"

namespace kverdict {

enum class ConsoleKind {
  file,  // QEMU writes it straight to the disk: loses nothing, never waits for a reader
  pipe,  // two fifos, <path>.in and <path>.out: where a daemon would put its log keeper before a file
};

// What the runner knows of the host, the hypervisor and itself.
struct DomainFacts {
  std::string type = "qemu";  // qemu (emulated), kvm, test
  std::string emulator;       // empty: libvirt's choice
  std::string machine = "pc";
  std::filesystem::path firmware;  // a small BIOS image; empty: the machine's own
  std::filesystem::path console;
  ConsoleKind console_kind = ConsoleKind::file;
  std::string owner;                  // who may sweep it: host and slot directory
  unsigned tsc_khz = 0;               // rate of the time stamp counter the guest reads; 0 = leave it alone
  std::uint16_t netconsole_port = 0;  // where we listen; 0 = nobody does
};

constexpr std::string_view k_domain_prefix = "kverdict-";
constexpr std::string_view k_metadata_uri = "https://kverdict.invalid/domain/1";

std::string domain_name(const BootSpec& spec);
// The spec's command line, and what our machines need, unless it is there already.
std::string kernel_cmdline(const BootSpec& spec, const DomainFacts& facts);
// Throws UsageError when wires do not come in pairs or there are more NICs than slots for them.
std::string domain_xml(const BootSpec& spec, const DomainFacts& facts);

}  // namespace kverdict
