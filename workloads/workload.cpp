#include "workloads/workload.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "runners/error.hpp"
#include "workloads/kinds.hpp"
#include "workloads/nearest.hpp"
#include "workloads/parameters.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;

using Planner = GuestPlan (*)(const WorkloadSpec&, const PlanContext&);

constexpr struct {
  std::string_view kind;
  Planner plan;
} k_kinds[] = {{"iperf", plan_iperf}, {"churn", plan_churn}, {"script", plan_script}};

Planner planner_for(const WorkloadSpec& spec) {
  for (const auto& row : k_kinds)
    if (row.kind == spec.kind) return row.plan;
  std::vector<std::string_view> known;
  std::string list;
  for (const auto& row : k_kinds) {
    known.push_back(row.kind);
    list += (list.empty() ? "" : ", ") + std::string(row.kind);
  }
  throw UsageError("there is no workload '" + spec.kind + "'" + did_you_mean(spec.kind, known) +
                   " (there are: " + list + ")");
}

void check_name(const std::string& name) {
  bool fits = !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!fits) throw UsageError("workload name '" + name + "' is not 1 to 40 of a-z, 0-9, '_' and '-'");
}

void check_times(const WorkloadSpec& spec) {
  if (spec.duration < 100ms || spec.duration > 24h)
    throw UsageError("workload '" + spec.name + "': duration of " + std::to_string(spec.duration.count()) +
                     " ms is not between 100 ms and 24 h");
  if (spec.limit < 0ms || spec.limit > 48h)
    throw UsageError("workload '" + spec.name + "': limit of " + std::to_string(spec.limit.count()) +
                     " ms is not between 0 and 48 h");
}

WorkloadSpec named(WorkloadSpec spec) {
  if (spec.name.empty()) spec.name = spec.kind;
  return spec;
}

// Two workloads may want the same file, but one place in the guest holds one file.
class Files {
 public:
  void add(std::vector<GuestFile>& to, GuestFile file) {
    auto [known, fresh] = places_.emplace(file.inside, file.outside);
    if (fresh) {
      to.push_back(std::move(file));
    } else if (known->second != file.outside) {
      throw UsageError("two files for " + file.inside + " in the guest: " + known->second.string() + " and " +
                       file.outside.string() + ": rename one");
    }
  }

 private:
  std::map<std::string, std::filesystem::path> places_;
};

}  // namespace

std::chrono::milliseconds step_limit(const WorkloadSpec& spec, std::chrono::milliseconds work,
                                     std::chrono::milliseconds slack, double time_scale) {
  if (spec.limit > 0ms) return spec.limit;
  return work + std::chrono::milliseconds(std::llround(static_cast<double>(slack.count()) * time_scale));
}

void refuse_program(const WorkloadSpec& spec) {
  if (spec.program.empty() && spec.arguments.empty() && spec.files.empty()) return;
  throw UsageError("workload '" + spec.name + "' (" + spec.kind +
                   ") takes no program, arguments or files: use kind 'script' for your own program");
}

GuestPlan plan_workloads(const std::vector<WorkloadSpec>& specs, const MachineShape& shape,
                         double time_scale) {
  return plan_workloads(specs, shape, time_scale, find_guest_programs());
}

GuestPlan plan_workloads(const std::vector<WorkloadSpec>& specs, const MachineShape& shape, double time_scale,
                         const GuestPrograms& programs) {
  KV_CHECK(std::isfinite(time_scale) && time_scale > 0);
  PlanContext context{shape, time_scale, programs};
  GuestPlan all;
  Files files;
  std::set<std::string> names;
  for (const auto& given : specs) {
    auto spec = named(given);
    auto plan = planner_for(spec);
    check_name(spec.name);
    check_times(spec);
    if (!names.insert(spec.name).second)
      throw UsageError("two workloads are named '" + spec.name + "': give each its own name");
    auto one = plan(spec, context);
    for (auto& step : one.steps) all.steps.push_back(std::move(step));
    for (auto& file : one.files) files.add(all.files, std::move(file));
    for (auto& server : one.servers) all.servers.push_back(std::move(server));
  }
  return all;
}

}  // namespace kverdict
