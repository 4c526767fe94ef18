// A workload as configured, and how it becomes guest steps. Names files; reads none but the first bytes of
// a user's own program (which interpreter it wants).
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runners/boot.hpp"
#include "workloads/guest_programs.hpp"
#include "workloads/job.hpp"

namespace kverdict {

struct WorkloadSpec {
  std::string kind;                               // "iperf", "churn", or "script" for the user's own
  std::string name;                               // default: kind
  std::chrono::milliseconds duration{5000};       // of the stress itself, not of set-up
  std::chrono::milliseconds limit{0};             // 0 = from duration and the machine's speed
  std::map<std::string, std::string> parameters;  // per kind: streams, direction, concurrency, ...
  std::filesystem::path program;                  // script: file on the host
  std::vector<std::string> arguments;
  std::vector<std::filesystem::path> files;  // taken along into /kv/files
  bool operator==(const WorkloadSpec&) const = default;
};

// A file that must be in the initramfs.
struct GuestFile {
  std::string inside;             // absolute path in the guest
  std::filesystem::path outside;  // file on the host; empty = content
  std::string content;
  unsigned mode = 0644;
};

// A server that must run on the host while the guest works (user-mode network).
struct HostServer {
  std::vector<std::string> argv;
  std::string port_placeholder;  // replaced by a free port in argv and in the guest's argv
};

struct GuestPlan {
  std::vector<GuestStep> steps;
  std::vector<GuestFile> files;  // programs with their shared libraries
  std::vector<HostServer> servers;
};

// Throws UsageError: unknown kind (nearest named), unknown parameter, value out of range.
// The short form looks for our guest programs itself.
GuestPlan plan_workloads(const std::vector<WorkloadSpec>& specs, const MachineShape& shape,
                         double time_scale);
GuestPlan plan_workloads(const std::vector<WorkloadSpec>& specs, const MachineShape& shape, double time_scale,
                         const GuestPrograms& programs);

}  // namespace kverdict
