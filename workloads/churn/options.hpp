// The command line of kv-churn.
#pragma once

#include <string>
#include <vector>

namespace kvguest {

enum class CloseBy { fin, rst, mixed };
enum class KeepAlive { off, on, mixed };

struct ChurnOptions {
  bool server = false;
  int port = 0;            // server: 0 = any, told on stdout
  bool loopback = false;   // server: only 127.0.0.1 and ::1
  std::string ipv4, ipv6;  // client: where the server is; empty = not used
  long duration_ms = 5000;
  int concurrency = 32;
  int payload = 64;  // bytes per request
  CloseBy close = CloseBy::mixed;
  KeepAlive keep_alive = KeepAlive::mixed;
  int requests = 8;        // per connection when it is kept alive
  long rate = 0;           // connections a second, 0 = as fast as can be
  long timeout_ms = 3000;  // of connecting, and of each answer
  double max_error_rate = 0.01;
  long max_p99_ms = 0;    // of requests; 0 = any
  double least_rate = 1;  // connections a second
};

// Empty error = good.
std::string read_options(const std::vector<std::string>& words, ChurnOptions& options);

int serve(const ChurnOptions& options);
int churn(const ChurnOptions& options);

}  // namespace kvguest
