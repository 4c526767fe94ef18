#include "tests/adapter/guest/program.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

namespace kverdict {
namespace {

struct Started {
  pid_t pid;
  int output;
};

Started start(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  int ends[2];
  if (pipe(ends) != 0) return {-1, -1};
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(60);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    close(ends[0]);
    close(ends[1]);
    execv(words[0], words.data());
    _exit(127);
  }
  close(ends[1]);
  return {pid, ends[0]};
}

std::map<std::string, double> metrics_in(const std::string& output) {
  std::map<std::string, double> out;
  std::istringstream lines(output);
  std::string mark, name, unit;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    double value = 0;
    if (words >> mark >> name >> value >> unit && mark == "KVMETRIC") out[name] = value;
  }
  return out;
}

}  // namespace

ProgramEnd run_program(const std::vector<std::string>& argv) {
  auto started = start(argv);
  ProgramEnd end;
  char bytes[4096];
  for (ssize_t got; (got = read(started.output, bytes, sizeof bytes)) > 0;)
    end.output.append(bytes, static_cast<std::size_t>(got));
  close(started.output);
  int status = 0;
  waitpid(started.pid, &status, 0);
  if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
  end.metrics = metrics_in(end.output);
  return end;
}

RunningServer::RunningServer(const std::vector<std::string>& argv) {
  auto started = start(argv);
  pid_ = started.pid;
  output_ = started.output;
}

RunningServer::~RunningServer() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  close(output_);
}

std::string RunningServer::first_line() {
  std::string line;
  for (char c; read(output_, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

std::string guest_program(const std::string& name) {
  return std::string(KV_BINARY_DIR) + "/guest/" + name;
}

}  // namespace kverdict
