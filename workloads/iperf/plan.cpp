// iperf: the real iperf3 of the host, driven by kv-iperf in the guest, which turns its JSON into metrics.
#include "workloads/kinds.hpp"
#include "workloads/parameters.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;

constexpr const char* k_iperf3 = "/usr/bin/iperf3";
constexpr const char* k_inside = "/kv/bin/kv-iperf";
constexpr const char* k_peer_port = "5201";

bool wants_ipv6(const Parameters& parameters) {
  return parameters.choice("ip", "4", {"4", "6"}) == "6";
}

GuestStep client(const WorkloadSpec& spec, const Parameters& parameters, double time_scale,
                 const Route& route, const std::string& port) {
  auto seconds = std::chrono::ceil<std::chrono::seconds>(spec.duration);
  GuestStep step;
  step.name = spec.name;
  step.argv = {k_inside, "--iperf3", k_iperf3, "--host", wants_ipv6(parameters) ? route.ipv6 : route.ipv4,
               "--port", port};
  auto add = [&](const char* option, std::string value) {
    step.argv.emplace_back(option);
    step.argv.push_back(std::move(value));
  };
  add("--seconds", std::to_string(seconds.count()));
  // A volume is the same stress on a slow machine and on a fast one; only its limit is in seconds then.
  const auto megabytes = parameters.number("megabytes", 0, 0, 1'000'000);
  add("--megabytes", std::to_string(megabytes));
  add("--direction", parameters.choice("direction", "both", {"up", "down", "both"}));
  add("--streams", std::to_string(parameters.number("streams", 2, 1, 64)));
  add("--protocol", parameters.choice("protocol", "tcp", {"tcp", "udp"}));
  add("--mbit", std::to_string(parameters.number("mbit_per_second", 0, 0, 1'000'000)));
  add("--least-mbit", std::to_string(parameters.number("least_mbit", 0, 0, 1'000'000)));
  step.limit = step_limit(spec, seconds, megabytes > 0 ? 60s : 10s, time_scale);
  return step;
}

}  // namespace

GuestPlan plan_iperf(const WorkloadSpec& spec, const PlanContext& context) {
  refuse_program(spec);
  Parameters parameters(
      spec, {"direction", "streams", "megabytes", "protocol", "mbit_per_second", "ip", "via", "least_mbit"});
  auto route =
      find_route(context.shape, parameters.choice("via", "auto", {"auto", "wire", "user"}), spec.name);
  GuestPlan plan;
  plan.files = {{k_inside, context.programs.iperf, "", 0755}, {k_iperf3, k_iperf3, "", 0755}};
  if (route.place == ServerPlace::peer) {
    plan.steps.push_back(client(spec, parameters, context.time_scale, route, k_peer_port));
    plan.steps.back().peers = {{k_iperf3, "-s", "-p", k_peer_port}};
    return plan;
  }
  auto port = "@port-" + spec.name + "@";
  plan.steps.push_back(client(spec, parameters, context.time_scale, route, port));
  plan.servers = {{{k_iperf3, "-s", "-p", port, "-B", wants_ipv6(parameters) ? "::1" : "127.0.0.1"}, port}};
  return plan;
}

}  // namespace kverdict
