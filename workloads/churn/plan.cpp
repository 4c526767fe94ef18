// churn: thousands of short connections a second, by our own kv-churn on both sides.
#include "workloads/kinds.hpp"
#include "workloads/parameters.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;

constexpr const char* k_inside = "/kv/bin/kv-churn";
constexpr const char* k_peer_port = "7077";

std::string ip_versions(const Parameters& parameters, ServerPlace place) {
  // Through the user network IPv6 works only when the host has it: to be asked for.
  return parameters.choice("ip", place == ServerPlace::peer ? "both" : "4", {"4", "6", "both"});
}

std::vector<std::string> client_argv(const WorkloadSpec& spec, const Parameters& parameters,
                                     double time_scale, const Route& route) {
  auto version = ip_versions(parameters, route.place);
  std::vector<std::string> argv = {k_inside, "client"};
  auto add = [&](const char* option, std::string value) {
    argv.emplace_back(option);
    argv.push_back(std::move(value));
  };
  if (version != "6") add("--ipv4", route.ipv4);
  if (version != "4") add("--ipv6", route.ipv6);
  add("--duration-ms", std::to_string(spec.duration.count()));
  add("--concurrency", std::to_string(parameters.number("concurrency", 32, 1, 4096)));
  add("--payload", std::to_string(parameters.number("payload", 64, 1, 1 << 20)));
  add("--close", parameters.choice("close", "mixed", {"fin", "rst", "mixed"}));
  add("--keep-alive", parameters.choice("keep_alive", "mixed", {"off", "on", "mixed"}));
  add("--requests", std::to_string(parameters.number("requests", 8, 1, 100'000)));
  add("--rate", std::to_string(parameters.number("rate", 0, 0, 1'000'000)));
  auto patience = parameters.number("timeout_ms", step_limit({}, 0ms, 3s, time_scale).count(), 10, 600'000);
  add("--timeout-ms", std::to_string(patience));
  char rate[32];
  std::snprintf(rate, sizeof rate, "%g", parameters.fraction("max_error_rate", 0.01, 0, 1));
  add("--max-error-rate", rate);
  add("--max-p99-ms", std::to_string(parameters.number("max_p99_ms", 0, 0, 600'000)));
  add("--least-rate", std::to_string(parameters.number("least_rate", 1, 0, 1'000'000)));
  return argv;
}

}  // namespace

GuestPlan plan_churn(const WorkloadSpec& spec, const PlanContext& context) {
  refuse_program(spec);
  Parameters parameters(spec, {"concurrency", "payload", "close", "keep_alive", "requests", "rate",
                               "timeout_ms", "max_error_rate", "max_p99_ms", "least_rate", "ip", "via"});
  auto route =
      find_route(context.shape, parameters.choice("via", "auto", {"auto", "wire", "user"}), spec.name);
  bool on_host = route.place == ServerPlace::host;
  std::string port = on_host ? "@port-" + spec.name + "@" : k_peer_port;

  GuestStep step;
  step.name = spec.name;
  step.argv = client_argv(spec, parameters, context.time_scale, route);
  step.argv.insert(step.argv.end(), {"--port", port});
  step.limit = step_limit(spec, spec.duration, 15s, context.time_scale);

  GuestPlan plan;
  plan.files = {{k_inside, context.programs.churn, "", 0755}};
  if (on_host)
    plan.servers = {{{context.programs.churn.string(), "server", "--port", port, "--loopback"}, port}};
  else
    step.peers = {{k_inside, "server", "--port", port}};
  plan.steps.push_back(std::move(step));
  return plan;
}

}  // namespace kverdict
