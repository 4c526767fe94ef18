// What an iperf3 report (-J) says, as metrics.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kvguest {

struct IperfMetric {
  std::string name;
  double value = 0;
  std::string unit;
};

struct IperfReport {
  std::string error;  // not empty: the test did not run to its end
  std::vector<IperfMetric> metrics;
};

enum class Direction { up, down, both };

// "up" is from the guest to the server.
IperfReport read_report(std::string_view json, Direction direction);

}  // namespace kvguest
