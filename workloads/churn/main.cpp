// kv-churn: thousands of short TCP connections a second, and their server.
//
//   kv-churn server --port N [--loopback]
//   kv-churn client --port N [--ipv4 A] [--ipv6 A] [--duration-ms N] [--concurrency N] [--payload N]
//                   [--close fin|rst|mixed] [--keep-alive off|on|mixed] [--requests N] [--rate N]
//                   [--timeout-ms N] [--max-error-rate X] [--max-p99-ms N] [--least-rate X]
//
// The client ends with 0 (within its thresholds), 1 (outside), 2 (usage), 125 (cannot tell: the kernel lacks
// what was asked for).
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "workloads/churn/options.hpp"

namespace kvguest {
namespace {

bool to_long(const std::string& text, long least, long most, long& value) {
  char* end = nullptr;
  value = strtol(text.c_str(), &end, 10);
  return !text.empty() && *end == '\0' && value >= least && value <= most;
}

bool to_int(const std::string& text, int least, int most, int& value) {
  long wide = 0;
  bool good = to_long(text, least, most, wide);
  value = static_cast<int>(wide);
  return good;
}

bool to_double(const std::string& text, double most, double& value) {
  char* end = nullptr;
  value = strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && value >= 0 && value <= most;
}

bool to_close(const std::string& text, CloseBy& value) {
  value = text == "fin" ? CloseBy::fin : text == "rst" ? CloseBy::rst : CloseBy::mixed;
  return value != CloseBy::mixed || text == "mixed";
}

bool to_keep_alive(const std::string& text, KeepAlive& value) {
  value = text == "off" ? KeepAlive::off : text == "on" ? KeepAlive::on : KeepAlive::mixed;
  return value != KeepAlive::mixed || text == "mixed";
}

bool set_option(const std::string& name, const std::string& value, ChurnOptions& o) {
  if (name == "--port") return to_int(value, 0, 65535, o.port);
  if (name == "--ipv4") return o.ipv4 = value, !value.empty();
  if (name == "--ipv6") return o.ipv6 = value, !value.empty();
  if (name == "--duration-ms") return to_long(value, 1, 48 * 3'600'000L, o.duration_ms);
  if (name == "--concurrency") return to_int(value, 1, 4096, o.concurrency);
  if (name == "--payload") return to_int(value, 1, 1 << 20, o.payload);
  if (name == "--close") return to_close(value, o.close);
  if (name == "--keep-alive") return to_keep_alive(value, o.keep_alive);
  if (name == "--requests") return to_int(value, 1, 100'000, o.requests);
  if (name == "--rate") return to_long(value, 0, 1'000'000, o.rate);
  if (name == "--timeout-ms") return to_long(value, 1, 3'600'000, o.timeout_ms);
  if (name == "--max-error-rate") return to_double(value, 1, o.max_error_rate);
  if (name == "--max-p99-ms") return to_long(value, 0, 3'600'000, o.max_p99_ms);
  if (name == "--least-rate") return to_double(value, 1e9, o.least_rate);
  return false;
}

}  // namespace

std::string read_options(const std::vector<std::string>& words, ChurnOptions& options) {
  if (words.empty() || (words[0] != "server" && words[0] != "client"))
    return "say 'server' or 'client' first";
  options.server = words[0] == "server";
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--loopback") {
      options.loopback = true;
      continue;
    }
    if (i + 1 == words.size()) return words[i] + ": its value is missing";
    if (!set_option(words[i], words[i + 1], options))
      return words[i] + " " + words[i + 1] + ": not understood";
    ++i;
  }
  if (!options.server && options.port == 0) return "--port is missing";
  if (!options.server && options.ipv4.empty() && options.ipv6.empty()) return "--ipv4 or --ipv6 is missing";
  return "";
}

}  // namespace kvguest

int main(int count, char** words) {
  kvguest::ChurnOptions options;
  auto error = kvguest::read_options({words + 1, words + count}, options);
  if (!error.empty()) {
    fprintf(stderr, "kv-churn: %s\n", error.c_str());
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  return options.server ? kvguest::serve(options) : kvguest::churn(options);
}
