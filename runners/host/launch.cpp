// Two forks. The first child is the supervisor: it adopts what the program leaves behind, passes SIGTERM on
// to the program's group, kills that group when told so or when kverdict is gone, however it went (the
// kernel sends it k_end_group), and ends as the program ended once the group is empty. The second child leads
// the group and becomes the program. Between fork and exec only system calls that are safe in a forked thread
// are made.
#include "runners/host/launch.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "runners/error.hpp"

namespace kverdict {

namespace {

constexpr unsigned k_last_fd = ~0U;

// What the forked children need, made before the fork: they must not allocate.
struct Prepared {
  const LaunchSpec& spec;
  std::vector<char*> argv;
  std::vector<char*> environment;
  int report = -1;  // errno goes here when the program cannot start
  pid_t owner = 0;
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const auto& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void report_and_exit(int report) {
  int error = errno;
  while (::write(report, &error, sizeof error) < 0 && errno == EINTR) {
  }
  ::_exit(127);
}

void default_signals() {
  for (int number = 1; number < SIGRTMAX; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Added to our own: who runs all of kverdict at another priority means its children, too.
bool be_nicer(int by) {
  errno = 0;
  return ::nice(by) != -1 || errno == 0;
}

[[noreturn]] void become_program(const Prepared& prepared) {
  const LaunchSpec& spec = prepared.spec;
  default_signals();
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int errors = spec.errors >= 0 ? spec.errors : spec.output;
  bool ready = ::dup2(spec.input, 0) >= 0 && ::dup2(spec.output, 1) >= 0 && ::dup2(errors, 2) >= 0;
  if (ready && !spec.directory.empty()) ready = ::chdir(spec.directory.c_str()) == 0;
  if (ready && spec.niceness != 0) ready = be_nicer(spec.niceness);
  if (ready) {
    ::syscall(SYS_close_range, 3U, k_last_fd, 4U /* CLOSE_RANGE_CLOEXEC */);
    ::execve(spec.program.c_str(), prepared.argv.data(), prepared.environment.data());
  }
  report_and_exit(prepared.report);
}

// Of the supervisor, for its signal handlers: the program's group, 0 = none yet, -1 = gone.
volatile pid_t supervised_group = 0;

void ask_group_to_end(int) {
  if (supervised_group > 0) ::kill(-supervised_group, SIGTERM);
}

void end_group(int) {
  if (supervised_group == 0) ::_exit(127);
  if (supervised_group > 0) ::kill(-supervised_group, SIGKILL);
}

[[noreturn]] void end_like(int status) {
  if (WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
  rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(WTERMSIG(status), SIG_DFL);
  ::kill(::getpid(), WTERMSIG(status));
  ::_exit(128 + WTERMSIG(status));
}

int wait_for(pid_t which, int* status) {
  pid_t ended = 0;
  do {
    ended = ::waitpid(which, status, 0);
  } while (ended < 0 && errno == EINTR);
  return ended;
}

// Reaps adopted orphans on the way; the status of the program.
int wait_for_program(pid_t program) {
  for (;;) {
    int status = 0;
    pid_t ended = wait_for(-1, &status);
    if (ended == program) return status;
    if (ended < 0) ::_exit(127);
  }
}

[[noreturn]] void supervise(const Prepared& prepared) {
  ::setpgid(0, 0);
  default_signals();
  for (int terminal : {SIGINT, SIGHUP, SIGPIPE}) ::signal(terminal, SIG_IGN);
  ::signal(SIGTERM, ask_group_to_end);
  ::signal(k_end_group, end_group);
  ::prctl(PR_SET_NAME, "kv-child");
  ::prctl(PR_SET_PDEATHSIG, k_end_group);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (::getppid() != prepared.owner) ::_exit(127);
  pid_t program = ::fork();
  if (program < 0) report_and_exit(prepared.report);
  if (program == 0) become_program(prepared);
  ::setpgid(program, program);  // in both: whoever comes first
  supervised_group = program;
  ::syscall(SYS_close_range, 0U, k_last_fd, 0U);
  int status = wait_for_program(program);
  ::kill(-program, SIGKILL);
  while (wait_for(-program, nullptr) > 0) {
  }
  supervised_group = -1;
  end_like(status);
}

// Nothing when the program runs, else the errno that stopped it.
int read_report(int fd) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(fd, &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == sizeof error ? error : 0;
}

[[noreturn]] void throw_launch_error(const LaunchSpec& spec, int error) {
  throw InfraError("cannot run " + spec.program.string() + ": " + std::generic_category().message(error));
}

}  // namespace

Launched launch(const LaunchSpec& spec) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_launch_error(spec, errno);
  Fd report_in(ends[0]);
  Fd report_out(ends[1]);
  Prepared prepared{spec, pointers(spec.argv), pointers(spec.environment), report_out.get(), ::getpid()};

  pid_t supervisor = ::fork();
  if (supervisor < 0) throw_launch_error(spec, errno);
  if (supervisor == 0) supervise(prepared);
  report_out.reset();
  Fd notice(static_cast<int>(::syscall(SYS_pidfd_open, supervisor, 0U)));
  int pidfd_error = notice ? 0 : errno;
  int error = read_report(report_in.get());
  if (error == 0) error = pidfd_error;
  if (error != 0) {
    ::kill(supervisor, k_end_group);
    wait_for(supervisor, nullptr);
    throw_launch_error(spec, error);
  }
  return {supervisor, std::move(notice)};
}

}  // namespace kverdict
