#include "runners/host/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/host/launch.hpp"
#include "runners/host/race.hpp"

extern char** environ;

namespace kverdict {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Descriptor = asio::posix::stream_descriptor;

namespace {

constexpr Millis k_grace{2000};  // between asking a group to end and ending it

// The last `limit` bytes of what is added; never holds more than twice that.
class Tail {
 public:
  explicit Tail(std::size_t limit) : limit_(limit) {}
  void add(const char* bytes, std::size_t count) {
    kept_.append(bytes, count);
    if (kept_.size() > 2 * limit_) cut();
  }
  std::string take() {
    cut();
    return std::move(kept_);
  }

 private:
  void cut() {
    if (kept_.size() > limit_) kept_.erase(0, kept_.size() - limit_);
  }
  std::size_t limit_;
  std::string kept_;
};

// The running group and our ends of its pipes. Its destructor leaves nothing running. Boost.Process is not
// used: its launchers kill a direct child only (launch.hpp), and its handle believes every wake-up. Those can
// be another's: a child that was forked a moment ago still has copies of descriptors that were closed here,
// and epoll goes on reporting them, under numbers that are in use again.
class Group {
 public:
  Group(asio::any_io_executor executor, Launched launched, Fd output)
      : supervisor_(launched.supervisor),
        notice_(executor, launched.exit_notice.release()),
        output_(executor) {
    if (!output) return;
    ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
    output_.assign(output.release());
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() { end_now(); }

  // Not after it was waited for: its number may be another's then.
  void signal(int number) {
    if (!status_) ::kill(supervisor_, number);
  }

  Task<void> ended() {
    while (!reaped(WNOHANG)) co_await notice_.async_wait(Descriptor::wait_read, asio::use_awaitable);
  }

  Task<void> read_to_end(Tail& tail) {
    while (output_.is_open()) {
      co_await output_.async_wait(Descriptor::wait_read, asio::use_awaitable);
      read_ready(tail);
    }
  }

  // What is in the pipe now; closes it at its end.
  void read_ready(Tail& tail) {
    char buffer[1 << 16];
    while (output_.is_open()) {
      ssize_t got = ::read(output_.native_handle(), buffer, sizeof buffer);
      if (got > 0) tail.add(buffer, static_cast<std::size_t>(got));
      if (got < 0 && errno == EAGAIN) return;
      if (got == 0 || (got < 0 && errno != EINTR)) output_.close();
    }
  }

  // Ends what still runs.
  ChildEnd end_now() {
    signal(k_end_group);
    reaped(0);
    ChildEnd end;
    end.how = WIFSIGNALED(*status_) ? ChildEnd::How::signalled : ChildEnd::How::exited;
    end.code = WIFSIGNALED(*status_) ? WTERMSIG(*status_) : WEXITSTATUS(*status_);
    return end;
  }

 private:
  // Has it ended? With WNOHANG it is not waited for. Whoever reaped it, it has ended.
  bool reaped(int options) {
    int status = 0;
    pid_t got = 0;
    while (!status_ && (got = ::waitpid(supervisor_, &status, options)) < 0 && errno == EINTR) {
    }
    if (!status_ && got != 0) status_ = status;
    return status_.has_value();
  }

  pid_t supervisor_;
  Descriptor notice_;
  std::optional<int> status_;  // once it was waited for
  Descriptor output_;
};

// Reads until the supervisor ends: its end, not the pipe's, is the end of the run.
Task<void> collect(Group& group, Tail& tail) {
  Task<void> reading = group.read_to_end(tail);
  Task<void> ending = group.ended();
  co_await race(std::move(ending), std::move(reading));
  co_await group.ended();
}

Task<void> end_politely(Clock& clock, Group& group, Tail& tail) {
  group.signal(SIGTERM);
  Task<void> collecting = collect(group, tail);
  Task<void> grace = clock.until(clock.now() + k_grace);
  auto first = co_await race(std::move(collecting), std::move(grace));
  if (first.index() == 1) group.signal(k_end_group);
}

enum class Finish { ended, timed_out, cancelled };

Task<Finish> run_to_limit(Clock& clock, Group& group, Tail& tail, Millis limit) {
  if (limit.count() <= 0) {
    co_await collect(group, tail);
    co_return Finish::ended;
  }
  Task<void> collecting = collect(group, tail);
  Task<void> deadline = clock.until(clock.now() + limit);
  auto first = co_await race(std::move(collecting), std::move(deadline));
  co_return first.index() == 0 ? Finish::ended : Finish::timed_out;
}

Task<Finish> run_until_cancelled(Clock& clock, Group& group, Tail& tail, Millis limit) {
  try {
    co_return co_await run_to_limit(clock, group, tail, limit);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) throw;
  }
  co_return Finish::cancelled;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry) {
    std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) result.push_back(std::move(text));
  }
  for (const auto& [name, value] : added) result.push_back(name + "=" + value);
  return result;
}

bool runnable(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

std::string search_path(const Command& command) {
  auto own = command.env.find("PATH");
  if (own != command.env.end()) return own->second;
  const char* inherited = std::getenv("PATH");
  return inherited ? inherited : "/usr/local/bin:/usr/bin:/bin";
}

fs::path find_program(const Command& command) {
  const std::string& name = command.argv.front();
  if (name.find('/') != std::string::npos) {
    if (runnable(command.directory / name)) return name;
    throw UsageError("cannot run " + name + ": no such program");
  }
  std::string path = search_path(command);
  for (std::size_t begin = 0; begin <= path.size();) {
    std::size_t end = std::min(path.find(':', begin), path.size());
    fs::path candidate = fs::path(path.substr(begin, end - begin)) / name;
    if (runnable(candidate)) return fs::absolute(candidate);
    begin = end + 1;
  }
  throw UsageError("cannot run " + name + ": not found in PATH");
}

// A file in memory: the child reads at its own pace and nobody has to feed it.
Fd make_input(const Command& command) {
  if (!command.input) return open_file("/dev/null", O_RDONLY);
  Fd memory(::memfd_create("kverdict-input", MFD_CLOEXEC));
  if (!memory) throw_file_error("make", "input of " + command.argv.front(), errno);
  write_all(memory.get(), *command.input, "input of " + command.argv.front());
  ::lseek(memory.get(), 0, SEEK_SET);
  return memory;
}

struct Output {
  Fd theirs;
  Fd ours;  // none when it goes to a file
};

Output make_output(const Command& command) {
  if (!command.output.empty())
    return {open_file(command.output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND), Fd()};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_file_error("make", "pipe for " + command.argv.front(), errno);
  return {Fd(ends[1]), Fd(ends[0])};
}

Fd make_errors(const Command& command) {
  if (command.errors.empty()) return Fd();
  return open_file(command.errors, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
}

struct Started {
  Launched launched;
  Fd output;  // our end
};

Started start(const Command& command) {
  LaunchSpec spec;
  spec.program = find_program(command);
  spec.argv = command.argv;
  spec.environment = merged_environment(command.env);
  spec.directory = command.directory;
  spec.niceness = command.niceness;
  Fd input = make_input(command);
  Fd errors = make_errors(command);
  Output output = make_output(command);
  spec.input = input.get();
  spec.output = output.theirs.get();
  spec.errors = errors.get();
  return {launch(spec), std::move(output.ours)};
}

// Waits for the end, then for what is left of the group.
bool ends_well_within(const Launched& launched, Millis limit) {
  pollfd over{launched.exit_notice.get(), POLLIN, 0};
  if (::poll(&over, 1, static_cast<int>(limit.count())) != 1) ::kill(launched.supervisor, k_end_group);
  int status = 0;
  while (::waitpid(launched.supervisor, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

Task<ChildEnd> run_child(Clock& clock, Command command) {
  KV_CHECK(!command.argv.empty());
  auto executor = co_await asio::this_coro::executor;
  Started started = start(command);
  Group group(executor, std::move(started.launched), std::move(started.output));
  Tail tail(command.capture_limit);

  Finish finish = co_await run_until_cancelled(clock, group, tail, command.limit);
  if (finish != Finish::ended) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await end_politely(clock, group, tail);
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  }
  ChildEnd end = group.end_now();
  if (finish == Finish::cancelled)
    throw boost::system::system_error(asio::error::operation_aborted, "run_child");
  group.read_ready(tail);
  end.output = tail.take();
  if (finish == Finish::timed_out) end.how = ChildEnd::How::timed_out;
  co_return end;
}

bool run_child_blocking(const Command& command) noexcept {
  KV_CHECK(!command.argv.empty() && command.limit.count() > 0);
  try {
    Command silent = command;
    if (silent.output.empty()) silent.output = "/dev/null";
    return ends_well_within(start(silent).launched, command.limit);
  } catch (const std::exception&) {  // a missing program, a full table: said by the answer
    return false;
  }
}

}  // namespace kverdict
