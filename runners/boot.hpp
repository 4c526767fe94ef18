// What is booted and what comes back: plain values, no behaviour, no library.
// The only header of runners/ (with error.hpp) that the pure core may see.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kverdict {

enum class KernelFormat {
  bzimage,  // x86 boot protocol; the guest decompresses itself
  pvh_elf,  // ELF vmlinux with a PVH entry note: booted directly, KASLR off
};

// A kernel ready to boot, and by what it can prove its identity once it runs.
struct KernelImage {
  std::filesystem::path kernel;
  KernelFormat format = KernelFormat::bzimage;
  std::string release;            // what `uname -r` will say; empty = unknown
  std::string build_id;           // GNU build id, lower-case hex; empty = the kernel has none
  std::filesystem::path modules;  // directory that holds lib/modules/<release>; empty = no modules
  bool operator==(const KernelImage&) const = default;
};

enum class NicModel { virtio, e1000, e1000e, rtl8139, vmxnet3 };
enum class NicLink {
  user,  // user-mode network of the hypervisor: guest 10.0.2.15, host 10.0.2.2, no privilege
  wire,  // one end of a cable between two NICs of the same guest; wires come in pairs
};

struct Nic {
  NicModel model = NicModel::virtio;
  NicLink link = NicLink::user;
  bool operator==(const Nic&) const = default;
};

struct MachineShape {
  unsigned memory_mib = 256;
  unsigned vcpus = 1;
  std::vector<Nic> nics;  // guest names them eth0, eth1, ... in this order
  bool operator==(const MachineShape&) const = default;
};

// Does the guest send its kernel log over the network, too?
enum class NetconsoleUse {
  off,
  automatic,  // where the serial console may lose something; a guest's of this host loses nothing
  on,         // where the runner can listen and the kernel has it
};

// One boot. The runner adds to the command line what its machines need (console=, clock rate).
struct BootSpec {
  std::string label;  // unique among live boots; [a-zA-Z0-9._-]; names the domain
  KernelImage image;
  std::filesystem::path initramfs;
  std::string cmdline;
  MachineShape shape;
  NetconsoleUse netconsole = NetconsoleUse::off;
  std::filesystem::path directory;  // the boot's own directory (exists): raw console log, spec, logs
};

enum class ConsoleSource : std::uint8_t {
  serial,
  netconsole,
  memory,  // the kernel's own log, taken from the guest's memory after its death
};

// What netconsole brought, and what went wrong on the way.
struct NetconsoleCounts {
  std::uint64_t datagrams = 0;         // of this machine
  std::uint64_t records = 0;           // extended, whole
  std::uint64_t plain = 0;             // datagrams without a header
  std::uint64_t lost = 0;              // sequence numbers that never came
  std::uint64_t duplicates = 0;        // left out
  std::uint64_t late = 0;              // behind a later number
  std::uint64_t broken_fragments = 0;  // records whose pieces never came together
  std::uint64_t other_boot = 0;        // left out: of an earlier or later boot
  std::uint64_t too_large = 0;         // left out: no kernel sends such datagrams
  std::uint64_t strangers = 0;         // left out: from another sender
  std::uint64_t overflowed = 0;        // dropped because nobody took them in time
  bool operator==(const NetconsoleCounts&) const = default;
};

// Raw bytes as they came; may end anywhere inside a line.
struct ConsoleChunk {
  ConsoleSource source = ConsoleSource::serial;
  std::string bytes;
};

// How the host fared lately, as shares of the time.
struct HostPressure {
  double stolen = 0;  // by the hypervisor that the host itself runs on
  double waited = 0;  // some process waited for a processor
  double load = 0;    // runnable processes, for each processor
  bool operator==(const HostPressure&) const = default;
};

// The machine does not run any more; every console byte was delivered before this.
struct GuestExit {
  enum class Cause {
    lost,         // the hypervisor died or its process is gone: a lab error
    powered_off,  // off or reset: the hypervisor cannot tell them apart, the console can
    destroyed,    // by us
  };
  Cause cause = Cause::lost;
  std::string detail;
  std::optional<NetconsoleCounts> netconsole = std::nullopt;  // none: nobody listened
};

using ConsoleEvent = std::variant<ConsoleChunk, GuestExit>;

// Where in a boot's directory its memory lies after Provocation::memory.
constexpr const char* k_memory_file = "memory.core";

// How a silent guest is made to speak before it is destroyed.
enum class Provocation {
  nmi,     // guests boot with unknown_nmi_panic: gives the stack of the culprit
  memory,  // not the guest speaks, but its memory: the kernel's log is read out of it, a chunk of that source
  sysrq,   // SysRq-l, -t, -w, -m: CPUs, tasks, blocked tasks, memory
};

}  // namespace kverdict
