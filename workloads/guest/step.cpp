#include "step.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <map>

#include "output.hpp"
#include "say.hpp"
#include "spawn.hpp"

namespace kvguest {
namespace {

constexpr long k_listen_ms = 10'000;  // a server that does not listen by then never will
constexpr long k_look_ms = 5;         // between two looks into /proc/net/tcp
constexpr long k_death_ms = 2'000;    // killed, and still not dead: stuck in the kernel
constexpr int k_cannot_tell = 125;

// Waits for output or for a child's end. SIGCHLD is blocked everywhere but here, so none is missed.
void wait_for_something(int output, long ms) {
  sigset_t none;
  sigemptyset(&none);
  timespec patience{ms / 1000, ms % 1000 * 1'000'000};
  pollfd wait{output, POLLIN, 0};
  ppoll(&wait, 1, &patience, &none);
}

class Running {
 public:
  Running(const Step& step, const Fd& peer) : step_(step), peer_(peer), output_(step.name) {}

  std::string run();

 private:
  bool open_pipe();
  std::string start_peers();
  bool wait_until_listening(pid_t pid);
  void await_end();
  void read_output();
  void reap();
  void tell_where_it_hangs();
  void clear_away();
  void tell_end();

  const Step& step_;
  const Fd& peer_;
  Output output_;
  Fd reader_, writer_;
  std::map<pid_t, std::string> peers_;  // alive
  pid_t main_ = -1;
  int status_ = 0;
  bool ended_ = false, timed_out_ = false;
};

// The sockets, by inode, that listen in the namespace of the process.
std::string listening_sockets(const std::string& process) {
  constexpr std::string_view k_listen = "0A";
  std::string inodes = " ";
  for (const char* table : {"/net/tcp", "/net/tcp6"}) {
    auto text = read_file(process + table, 256 << 10);
    for (auto row : split(text, '\n')) {
      std::vector<std::string_view> words;
      for (auto word : split(row, ' '))
        if (!word.empty()) words.push_back(word);
      if (words.size() > 9 && words[3] == k_listen) inodes.append(words[9]).append(" ");
    }
  }
  return inodes;
}

bool listens(pid_t pid) {
  auto process = "/proc/" + std::to_string(pid);
  auto inodes = listening_sockets(process);
  for (const auto& name : list_folder(process + "/fd")) {
    char target[64] = {};
    if (readlink((process + "/fd/" + name).c_str(), target, sizeof target - 1) <= 0) continue;
    std::string_view text(target);
    if (!text.starts_with("socket:[") || text.back() != ']') continue;
    auto inode = " " + std::string(text.substr(8, text.size() - 9)) + " ";
    if (inodes.find(inode) != std::string::npos) return true;
  }
  return false;
}

bool Running::open_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  reader_ = Fd(ends[0]);
  writer_ = Fd(ends[1]);
  fcntl(reader_.get(), F_SETFL, O_NONBLOCK);
  fcntl(reader_.get(), F_SETPIPE_SZ, 256 << 10);
  return true;
}

void Running::reap() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == main_) {
      ended_ = true;
      status_ = status;
    }
    auto peer = peers_.find(pid);
    if (peer == peers_.end()) continue;
    note(step_.name + ": server " + peer->second + " ended, wait status " + std::to_string(status));
    peers_.erase(peer);
  }
}

// Bounded in one turn, so that a flood cannot keep us from looking at the clock.
void Running::read_output() {
  char bytes[16 << 10];
  for (int turn = 0; turn < 16; ++turn) {
    ssize_t got = read(reader_.get(), bytes, sizeof bytes);
    if (got <= 0) return;
    output_.take({bytes, static_cast<std::size_t>(got)});
  }
}

bool Running::wait_until_listening(pid_t pid) {
  for (Deadline deadline(k_listen_ms); !deadline.passed() && peers_.count(pid);) {
    if (listens(pid)) return true;
    wait_for_something(reader_.get(), k_look_ms);
    read_output();
    reap();
  }
  return false;
}

std::string Running::start_peers() {
  for (const auto& argv : step_.peers) {
    auto started = spawn({argv, step_.env, peer_ ? &peer_ : nullptr, -1, writer_.get()});
    if (!started.error.empty()) return started.error;
    peers_.emplace(started.pid, argv[0]);
    if (wait_until_listening(started.pid)) continue;
    note(step_.name + ": server " + argv[0] + " does not listen");
    status_ = k_cannot_tell << 8;
    ended_ = true;
    return "";
  }
  return "";
}

// The kernel's view of a program that is past its limit: which is what is wanted when it hangs in there.
void Running::tell_where_it_hangs() {
  auto process = "/proc/" + std::to_string(main_);
  auto stat = read_file(process + "/stat", 512);
  auto comm_end = stat.rfind(')');
  std::string state = comm_end == std::string::npos ? "?" : stat.substr(comm_end + 2, 1);
  note(step_.name + ": past its limit, state " + state + ", in " + read_file(process + "/wchan", 64));
  auto stack = read_file(process + "/stack", 700);
  if (!stack.empty()) note(step_.name + ": stack " + stack);
}

void Running::await_end() {
  Deadline limit(step_.limit_ms > 0 ? step_.limit_ms : 24 * 3'600'000L);
  while (!ended_ && !limit.passed()) {
    wait_for_something(reader_.get(), limit.left());
    read_output();
    reap();
  }
  if (ended_) return;
  timed_out_ = true;
  tell_where_it_hangs();
}

void Running::clear_away() {
  peers_.clear();
  kill(-1, SIGKILL);  // all but process 1 and ourselves; orphans come to us (subreaper)
  for (Deadline deadline(k_death_ms); !deadline.passed();) {
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) continue;
    if (pid < 0) break;  // no child left
    wait_for_something(-1, deadline.left());
  }
  read_output();
  output_.close();
}

void Running::tell_end() {
  if (timed_out_)
    say("end", {{"step", step_.name}, {"timeout", "1"}});
  else if (WIFSIGNALED(status_))
    say("end", {{"step", step_.name}, {"signal", std::to_string(WTERMSIG(status_))}});
  else
    say("end", {{"step", step_.name}, {"exit", std::to_string(WEXITSTATUS(status_))}});
}

std::string Running::run() {
  if (step_.argv.empty()) return "step " + step_.name + " has no program";
  if (!open_pipe()) return "pipe: " + error_text(errno);
  auto error = start_peers();
  say("start", {{"step", step_.name}});
  if (error.empty() && !ended_) {
    auto started = spawn({step_.argv, step_.env, nullptr, writer_.get(), writer_.get()});
    error = started.error;
    main_ = started.pid;
    if (error.empty()) await_end();
  }
  clear_away();
  if (error.empty()) tell_end();
  return error.empty() ? "" : "step " + step_.name + ": " + error;
}

}  // namespace

std::string run_step(const Step& step, const Fd& peer) {
  return Running(step, peer).run();
}

}  // namespace kvguest
