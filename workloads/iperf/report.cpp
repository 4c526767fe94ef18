#include "workloads/iperf/report.hpp"

#include "workloads/iperf/json_numbers.hpp"

namespace kvguest {
namespace {

struct Source {
  const char* way;   // "up", "down"
  std::string sent;  // path of the sender's sum
  std::string received;
};

// With --bidir the plain sums are those of the guest as sender.
std::vector<Source> sources(Direction direction) {
  switch (direction) {
    case Direction::up:
      return {{"up", "end.sum_sent.", "end.sum_received."}};
    case Direction::down:
      return {{"down", "end.sum_sent.", "end.sum_received."}};
    case Direction::both:
      break;
  }
  return {{"up", "end.sum_sent.", "end.sum_received."},
          {"down", "end.sum_sent_bidir_reverse.", "end.sum_received_bidir_reverse."}};
}

}  // namespace

IperfReport read_report(std::string_view json, Direction direction) {
  IperfReport report;
  auto leaves = read_json(json, "end.sum", "error");
  if (!leaves) {
    report.error = "iperf3's report is no JSON: " + std::string(json.substr(0, 200));
    return report;
  }
  if (auto error = leaves->strings.find("error"); error != leaves->strings.end())
    report.error = error->second;
  for (const auto& source : sources(direction)) {
    std::string way = source.way;
    auto add = [&](const std::string& path, const std::string& name, const char* unit) {
      if (auto value = leaves->number(path)) report.metrics.push_back({name + "_" + way, *value, unit});
    };
    add(source.received + "bits_per_second", "throughput", "bit/s");
    add(source.sent + "retransmits", "retransmits", "1");
    add(source.received + "lost_percent", "lost", "%");
    add(source.received + "jitter_ms", "jitter", "ms");
  }
  return report;
}

}  // namespace kvguest
