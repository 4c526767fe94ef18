// /kv/job, the guest's orders, as written by workloads/job.cpp.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvguest {

using Words = std::vector<std::string>;

struct Nic {
  std::string name, ipv4, ipv6, gateway;
  bool far_end = false;
};

struct Step {
  std::string name;
  long limit_ms = 0;
  Words argv;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<Words> peers;
};

struct Orders {
  std::string token;
  long heartbeat_ms = 2000;
  long vitals_ms = 0;  // 0 = none
  Words modules;
  std::vector<std::pair<std::string, std::string>> sysctls;
  std::vector<Nic> nics;
  std::vector<Step> steps;
};

// Empty error = good. The error says which line is wrong; a file without its last line "end" is refused.
struct ReadOrders {
  Orders orders;
  std::string error;
};
ReadOrders read_orders(std::string_view text);

}  // namespace kvguest
