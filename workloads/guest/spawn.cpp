#include "spawn.hpp"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "network.hpp"

namespace kvguest {
namespace {

constexpr const char* k_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/kv/bin:/kv/files";

std::vector<std::string> environment(const Program& program) {
  std::vector<std::string> out = {k_path, "HOME=/tmp", "TMPDIR=/tmp", "LANG=C", "TERM=dumb"};
  for (const auto& [name, value] : program.env) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

void normal_process() {
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setpgid(0, 0);
  setpriority(PRIO_PROCESS, 0, 0);
  rlimit files{65'536, 65'536};
  setrlimit(RLIMIT_NOFILE, &files);
  write_file("/proc/self/oom_score_adj", "200");
}

[[noreturn]] void become(const Program& program, char* const* argv, char* const* env, int report) {
  normal_process();
  int null = open("/dev/null", O_RDWR);
  bool ready = null >= 0 && dup2(null, 0) >= 0;
  ready = ready && dup2(program.output >= 0 ? program.output : null, 1) >= 0;
  ready = ready && dup2(program.errors >= 0 ? program.errors : null, 2) >= 0;
  ready = ready && (!program.space || enter_namespace(*program.space));
  if (ready && chdir("/kv/files") != 0) ready = chdir("/") == 0;
  if (ready) execve(argv[0], argv, env);
  int error = errno;
  if (write(report, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

}  // namespace

Spawned spawn(const Program& program) {
  auto words = environment(program);
  auto argv = pointers(program.argv), env = pointers(words);
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return {-1, "pipe: " + error_text(errno)};
  Fd reader(pipe_ends[0]), writer(pipe_ends[1]);
  pid_t pid = fork();
  if (pid < 0) return {-1, "fork: " + error_text(errno)};
  if (pid == 0) become(program, argv.data(), env.data(), writer.get());
  setpgid(pid, pid);
  writer.reset();
  int error = 0;
  ssize_t got;
  do got = read(reader.get(), &error, sizeof error);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return {pid, ""};
  return {pid, program.argv[0] + ": " + error_text(error)};
}

}  // namespace kvguest
