// Process 1 of a kernel under test.
//
// Two processes: process 1 only beats the heart and waits; the director does the work. Whatever happens to
// the director - it hangs in the kernel, runs out of memory, has a bug - process 1 lives, tells it, and
// powers off. The end of process 1 would be a kernel panic, and blamed on the kernel.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "netconsole.hpp"
#include "network.hpp"
#include "orders.hpp"
#include "say.hpp"
#include "setup.hpp"
#include "step.hpp"
#include "sys.hpp"
#include "vitals.hpp"

namespace kvguest {
namespace {

constexpr int k_impossible = 99;  // the director has said why

std::string uptime() {
  return std::to_string(uptime_ms());
}

[[noreturn]] void fail(std::string text) {
  say("fail", {{"text", std::move(text)}});
  _exit(k_impossible);
}

void hello(const Orders& orders) {
  utsname kernel{};
  uname(&kernel);
  say("hello", {{"token", orders.token},
                {"release", kernel.release},
                {"build_id", build_id()},
                {"version", kernel.version},
                {"uptime_ms", uptime()}});
}

void load_modules(const Orders& orders) {
  for (const auto& module : orders.modules)
    if (!is_netconsole(module)) load_module(module);
}

void direct(const Orders& orders) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  write_file("/proc/self/oom_score_adj", "-1000");
  seed_random(orders.token);
  apply_sysctls(orders, "kernel.");
  load_modules(orders);
  auto network = set_up_network(orders);
  if (!network.error.empty()) fail(network.error);
  start_netconsole(orders);
  apply_sysctls(orders, "vm.");
  apply_sysctls(orders, "fs.");
  link_busybox();
  say("ready", {{"uptime_ms", uptime()}});
  for (const auto& step : orders.steps) {
    auto error = run_step(step, network.peer);
    if (!error.empty()) fail(error);
  }
}

void nothing(int) {}

void block_child_signal() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  struct sigaction action {};
  action.sa_handler = nothing;
  sigaction(SIGCHLD, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

// Reaps what falls to process 1; true when the director is among it.
bool reap(pid_t director, int& status) {
  int ended = 0;
  for (pid_t pid; (pid = waitpid(-1, &ended, WNOHANG)) > 0;) {
    if (pid != director) continue;
    status = ended;
    return true;
  }
  return false;
}

int beat_until_ended(pid_t director, long period_ms) {
  int status = 0;
  sigset_t none;
  sigemptyset(&none);
  for (Deadline next(period_ms); !reap(director, status);) {
    if (next.passed()) {
      say("beat", {{"uptime_ms", uptime()}});
      next = Deadline(period_ms);
    }
    long left = next.left();
    timespec patience{left / 1000, left % 1000 * 1'000'000};
    ppoll(nullptr, 0, &patience, &none);
  }
  return status;
}

void tell_end(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    say("done", {{"uptime_ms", uptime()}});
  else if (!WIFEXITED(status) || WEXITSTATUS(status) != k_impossible)
    say("fail", {{"text", "the guest's director ended with wait status " + std::to_string(status)}});
}

void live() {
  mount_all();
  open_voice();
  write_file("/proc/sys/kernel/printk_devkmsg", "on");
  setpriority(PRIO_PROCESS, 0, -10);  // the heart beats under load, too
  block_child_signal();
  auto read = read_orders(read_file("/kv/job", 4 << 20));
  hello(read.orders);
  if (!read.error.empty()) return say("fail", {{"text", read.error}});
  pid_t director = fork();
  if (director == 0) {
    setpriority(PRIO_PROCESS, 0, 0);
    direct(read.orders);
    _exit(0);
  }
  // A process of its own: if a kernel lets it hang on one of its files, the heart still beats.
  if (read.orders.vitals_ms > 0 && director > 0 && fork() == 0) tell_vitals(read.orders.vitals_ms);
  if (director < 0) return say("fail", {{"text", "fork: " + error_text(errno)}});
  tell_end(beat_until_ended(director, read.orders.heartbeat_ms));
}

}  // namespace
}  // namespace kvguest

int main() {
  if (getpid() != 1) {
    constexpr std::string_view text = "kv-init: I am process 1 of a test kernel, nothing else\n";
    return write(2, text.data(), text.size()) < 0 ? 2 : 1;
  }
  kvguest::live();
  kvguest::power_off();
}
