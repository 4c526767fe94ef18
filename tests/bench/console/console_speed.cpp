// How fast the console reader is, per CPU second: a clean boot, a storm of reports, and whether four times
// the reports take four times as long.
//
//   console_speed [FILE...]   the files too
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

#include "orchestrator/core/console/scanner.hpp"

namespace {

std::string stamped(double second, const std::string& text) {
  char stamp[32];
  std::snprintf(stamp, sizeof stamp, "[%12.6f] ", second);
  return stamp + text + "\n";
}

std::string clean_boot(std::size_t lines) {
  std::string log;
  for (std::size_t i = 0; i < lines; ++i)
    log += stamped(static_cast<double>(i) * 1e-3, "pci 0000:00:1f." + std::to_string(i % 8) +
                                                      ": reg 0x10: [mem 0xfebc0000-0xfebdffff]: assigned");
  return log;
}

std::string storm(std::size_t reports) {
  std::string log;
  for (std::size_t i = 0; i < reports; ++i) {
    const double second = 10 + static_cast<double>(i) * 1e-2;
    const auto function = "rx_poll_" + std::to_string(i) + "+0x1/0x20";
    log += stamped(second, "------------[ cut here ]------------");
    log += stamped(second, "WARNING: CPU: 0 PID: 12 at net/core/dev.c:100 " + function);
    log += stamped(second, "CPU: 0 PID: 12 Comm: ksoftirqd/0 Not tainted 6.1.0 #1");
    log += stamped(second, "RIP: 0010:" + function);
    for (int line = 0; line < 14; ++line)
      log += stamped(second, "RAX: 0000000000000000 RBX: ffff888100000000 RCX: ffffffff81000000");
    log += stamped(second, "Call Trace:");
    for (int frame = 0; frame < 30; ++frame)
      log += stamped(second, " caller_" + std::to_string(frame) + "+0x10/0x20");
    log += stamped(second, "---[ end trace 0000000000000000 ]---");
  }
  return log;
}

// CPU seconds of one pass: the best of several.
double seconds_of(const std::string& log) {
  double best = 1e9;
  for (int pass = 0; pass < 5; ++pass) {
    const auto start = std::clock();
    kverdict::find_oopses(log);
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return std::max(best, 1e-6);
}

double report(const std::string& what, const std::string& log) {
  const double seconds = seconds_of(log);
  const double megabytes = static_cast<double>(log.size()) / 1e6;
  std::printf("%-32s %8.2f MB %9.4f s %9.1f MB/s\n", what.c_str(), megabytes, seconds, megabytes / seconds);
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  report("clean boot (goal 600 MB/s)", clean_boot(200'000));
  const double once = report("1143 reports (goal 100 MB/s)", storm(1143));
  const double four = report("4572 reports", storm(4572));
  std::printf("%-32s %.2f (linear: 4)\n", "time of 4 times the reports", four / once);
  for (int i = 1; i < argc; ++i) {
    std::ifstream in(argv[i], std::ios::binary);
    report(argv[i], {std::istreambuf_iterator<char>(in), {}});
  }
}
