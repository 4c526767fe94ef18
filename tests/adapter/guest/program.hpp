// Runs a guest program on this host.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace kverdict {

struct ProgramEnd {
  int code = -1;  // exit code; -1 = killed
  std::string output;
  std::map<std::string, double> metrics;
};

// Waits for its end; killed after 60 s.
ProgramEnd run_program(const std::vector<std::string>& argv);

// A server, until the end of the scope.
class RunningServer {
 public:
  explicit RunningServer(const std::vector<std::string>& argv);
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  std::string first_line();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

std::string guest_program(const std::string& name);

}  // namespace kverdict
