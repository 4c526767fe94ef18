// The table of workload kinds: one row, one function that plans it. Inner header of this room.
#pragma once

#include <chrono>
#include <string>

#include "workloads/guest_programs.hpp"
#include "workloads/network.hpp"
#include "workloads/workload.hpp"

namespace kverdict {

struct PlanContext {
  const MachineShape& shape;
  double time_scale;
  const GuestPrograms& programs;
};

GuestPlan plan_iperf(const WorkloadSpec& spec, const PlanContext& context);
GuestPlan plan_churn(const WorkloadSpec& spec, const PlanContext& context);
GuestPlan plan_script(const WorkloadSpec& spec, const PlanContext& context);

// What a step may take: the spec's own limit, or `work` plus `slack` of a hardware machine, slowed down.
std::chrono::milliseconds step_limit(const WorkloadSpec& spec, std::chrono::milliseconds work,
                                     std::chrono::milliseconds slack, double time_scale);

// Throws UsageError when a built-in workload is given what only scripts take.
void refuse_program(const WorkloadSpec& spec);

}  // namespace kverdict
