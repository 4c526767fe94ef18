#include "orders.hpp"

#include <stdlib.h>

#include "sys.hpp"

namespace kvguest {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool decode(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

bool to_number(const std::string& text, long& value) {
  char* end = nullptr;
  value = strtol(text.c_str(), &end, 10);
  return !text.empty() && *end == '\0' && value >= 0;
}

bool set_nic_word(Nic& nic, const std::string& word) {
  auto equals = word.find('=');
  if (equals == std::string::npos) return false;
  auto key = word.substr(0, equals), value = word.substr(equals + 1);
  if (key == "ipv4") return nic.ipv4 = value, true;
  if (key == "ipv6") return nic.ipv6 = value, true;
  if (key == "gateway") return nic.gateway = value, true;
  if (key == "end") return nic.far_end = value == "far", true;
  return false;
}

// What belongs to the step that was opened last.
bool step_line(Step& step, const std::string& word, const Words& words) {
  if (word == "arg" && words.size() == 1) return step.argv.push_back(words[0]), true;
  if (word == "env" && words.size() == 2) return step.env.emplace_back(words[0], words[1]), true;
  if (word == "peer" && words.empty()) return step.peers.emplace_back(), true;
  if (word == "peerarg" && words.size() == 1 && !step.peers.empty())
    return step.peers.back().push_back(words[0]), true;
  return false;
}

bool order_line(Orders& orders, const std::string& word, const Words& words) {
  if (word == "token" && words.size() == 1) return orders.token = words[0], true;
  if (word == "heartbeat_ms" && words.size() == 1) return to_number(words[0], orders.heartbeat_ms);
  if (word == "vitals_ms" && words.size() == 1) return to_number(words[0], orders.vitals_ms);
  if (word == "module" && words.size() == 1) return orders.modules.push_back(words[0]), true;
  if (word == "sysctl" && words.size() == 2) return orders.sysctls.emplace_back(words[0], words[1]), true;
  if (word == "nic" && !words.empty()) {
    Nic nic;
    nic.name = words[0];
    for (std::size_t i = 1; i < words.size(); ++i)
      if (!set_nic_word(nic, words[i])) return false;
    orders.nics.push_back(std::move(nic));
    return true;
  }
  if (word == "step" && words.size() == 2) {
    Step step;
    step.name = words[0];
    if (!to_number(words[1], step.limit_ms)) return false;
    orders.steps.push_back(std::move(step));
    return true;
  }
  return !orders.steps.empty() && step_line(orders.steps.back(), word, words);
}

}  // namespace

ReadOrders read_orders(std::string_view text) {
  ReadOrders read;
  auto lines = split(text, '\n');
  bool ended = false;
  for (std::size_t i = 0; i + 1 < lines.size() && !ended; ++i) {  // behind the last line end is no line
    auto parts = split(lines[i], ' ');
    std::string word(parts[0]);
    Words words(parts.size() - 1);
    bool good = true;
    for (std::size_t k = 1; k < parts.size(); ++k) good = good && decode(parts[k], words[k - 1]);
    if (i == 0)
      good = good && word == "kvjob" && words.size() == 1 && words[0] == "1";
    else if (word == "end" && words.empty())
      ended = true;
    else
      good = good && order_line(read.orders, word, words);
    if (!good) {
      read.error = "line " + std::to_string(i + 1) +
                   " of /kv/job is not understood: " + std::string(lines[i].substr(0, 200));
      return read;
    }
  }
  if (!ended) read.error = "/kv/job is cut: its last line is missing";
  return read;
}

}  // namespace kvguest
