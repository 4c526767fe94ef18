// What this machine lacks, each finding with the command that repairs it. Looking (probe_host) and judging
// (examine) are apart: judging is pure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/cli/config.hpp"
#include "orchestrator/cli/terminal.hpp"

namespace kverdict {

enum class DeviceState { absent, closed, open };

// A folder, there or not yet, and what is free on its file system.
struct Space {
  std::filesystem::path folder;
  Bytes free{0};
};

// Raw facts; nothing here is good or bad yet. Sizes of 0 are unknown.
struct HostFacts {
  std::map<std::string, std::filesystem::path> programs;  // of those asked for: name -> place
  std::set<std::string> headers;                          // of those asked for: "libelf.h"
  std::string embedded_driver;                            // path of libvirt's QEMU driver; empty = none
  std::string embedded_driver_error;                      // why it cannot be loaded
  std::string libgit2;                                    // version in this process; empty = none
  std::string guest_programs_error;                       // empty = they are all there
  Space sessions;
  Space builds;
  Bytes memory_available{0};
  DeviceState kvm = DeviceState::absent;
  std::uint64_t rmem_max = 0;           // net.core.rmem_max
  std::uint64_t user_namespaces = 0;    // user.max_user_namespaces
  bool unprivileged_namespaces = true;  // kernel.unprivileged_userns_clone, where there is one
  bool root = false;
  bool libvirt_qemu_user = false;
};

struct Finding {
  // missing: a session cannot run; advice: it runs worse; fine: nothing to do.
  enum class Level { missing, advice, fine };
  Level level = Level::missing;
  std::string name;
  std::string seen;
  std::string repair;   // a command, or what to do; empty when fine
  std::string package;  // Debian's, when a package repairs it
  bool operator==(const Finding&) const = default;
};

// `environment` for PATH and the XDG directories.
HostFacts probe_host(const Config& config, const std::map<std::string, std::string>& environment);

// Findings in the order of what a session needs first.
std::vector<Finding> examine(const HostFacts& facts, const Config& config);

// One command that installs every package that is missing or advised; empty when there is none.
std::string install_all(const std::vector<Finding>& findings, const HostFacts& facts);

std::string doctor_text(const std::vector<Finding>& findings, const std::string& install,
                        const Terminal& terminal);
// {"schema":1,"ok":true,"install":"...","findings":[{"name","level","seen","repair","package"}]}
std::string doctor_json(const std::vector<Finding>& findings, const std::string& install);
// 0 when nothing that is required is missing, else 2: a session would end with it.
int doctor_exit_code(const std::vector<Finding>& findings);

}  // namespace kverdict
