// kv-iperf: runs iperf3 and prints its result as metrics.
//
//   kv-iperf --iperf3 PATH --host A --port N --seconds N | --megabytes N --direction up|down|both --streams N
//            --protocol tcp|udp --mbit N (0 = as fast as can be) --least-mbit N (each way)
//
// Ends with 0 (good), 1 (iperf3 failed, nothing arrived, or too slow), 2 (usage), 125 (iperf3 cannot be run).
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "workloads/guest/sys.hpp"
#include "workloads/iperf/report.hpp"

namespace kvguest {
namespace {

constexpr std::size_t k_report_limit = 16 << 20;

using Options = std::map<std::string, std::string>;

bool read_options(int count, char** words, Options& options) {
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count || !options.count(words[i])) return false;
    options[words[i]] = words[i + 1];
  }
  return !options["--host"].empty() && !options["--port"].empty();
}

std::vector<std::string> iperf_argv(Options& options) {
  std::vector<std::string> argv = {
      options["--iperf3"], "-J", "-c", options["--host"], "-p", options["--port"], "-P",
      options["--streams"]};
  const bool by_volume = options["--megabytes"] != "0";
  argv.emplace_back(by_volume ? "-n" : "-t");
  argv.push_back(by_volume ? options["--megabytes"] + "M" : options["--seconds"]);
  if (options["--direction"] == "down") argv.emplace_back("-R");
  if (options["--direction"] == "both") argv.emplace_back("--bidir");
  bool udp = options["--protocol"] == "udp";
  if (udp) argv.emplace_back("-u");
  if (udp || options["--mbit"] != "0") {
    argv.emplace_back("-b");
    argv.push_back(options["--mbit"] == "0" ? "0" : options["--mbit"] + "M");
  }
  return argv;
}

[[noreturn]] void become(const std::vector<std::string>& words, int output) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  dup2(output, 1);
  execv(argv[0], argv.data());
  fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
  _exit(127);
}

// False when iperf3 did not run.
bool run(const std::vector<std::string>& argv, std::string& output, int& status) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  Fd reader(ends[0]), writer(ends[1]);
  pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) become(argv, writer.get());
  writer.reset();
  char bytes[32 << 10];
  for (ssize_t got; (got = read(reader.get(), bytes, sizeof bytes)) != 0;) {
    if (got < 0 && errno != EINTR) break;
    if (got > 0 && output.size() < k_report_limit) output.append(bytes, static_cast<std::size_t>(got));
  }
  return waitpid(child, &status, 0) == child && !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

int judge(const IperfReport& report, double least_mbit) {
  for (const auto& metric : report.metrics)
    printf("KVMETRIC %s %.10g %s\n", metric.name.c_str(), metric.value, metric.unit.c_str());
  if (!report.error.empty()) return printf("iperf3: %s\n", report.error.c_str()), 1;
  int ways = 0, bad = 0;
  for (const auto& metric : report.metrics) {
    if (metric.unit != "bit/s") continue;
    ++ways;
    if (metric.value <= 0 || metric.value < least_mbit * 1e6)
      bad = printf("%s of %.4g Mbit/s is below %.4g\n", metric.name.c_str(), metric.value / 1e6, least_mbit);
  }
  if (ways == 0) bad = printf("iperf3's report holds no throughput\n");
  return bad ? 1 : 0;
}

}  // namespace

int iperf_main(int count, char** words) {
  Options options = {{"--iperf3", "/usr/bin/iperf3"},
                     {"--host", ""},
                     {"--port", ""},
                     {"--seconds", "5"},
                     {"--megabytes", "0"},
                     {"--streams", "2"},
                     {"--direction", "both"},
                     {"--protocol", "tcp"},
                     {"--mbit", "0"},
                     {"--least-mbit", "0"}};
  if (!read_options(count, words, options)) {
    fprintf(stderr, "kv-iperf: options not understood\n");
    return 2;
  }
  std::string output;
  int status = 0;
  if (!run(iperf_argv(options), output, status)) return 125;
  const auto& way = options["--direction"];
  auto direction = way == "up" ? Direction::up : way == "down" ? Direction::down : Direction::both;
  auto report = read_report(output, direction);
  if (report.error.empty() && status != 0) report.error = "ended with wait status " + std::to_string(status);
  return judge(report, atof(options["--least-mbit"].c_str()));
}

}  // namespace kvguest

int main(int count, char** words) {
  return kvguest::iperf_main(count, words);
}
