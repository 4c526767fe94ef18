#include "runners/metal/console_link.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <utility>

#include "runners/host/files.hpp"
#include "runners/host/log.hpp"

namespace kverdict {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr Millis k_first_pause{500};
constexpr Millis k_longest_pause{10'000};
constexpr std::size_t k_words_limit = 4096;

fs::path fresh_fifo(const fs::path& path) {
  ::unlink(path.c_str());
  if (::mkfifo(path.c_str(), 0600) != 0) throw_file_error("make", path, errno);
  return path;
}

}  // namespace

struct ConsoleLink::Shared {
  Shared(asio::any_io_executor runs_on, Clock& time, HookPlace place)
      : executor(std::move(runs_on)),
        clock(time),
        hook(time, place),
        input(fresh_fifo(place.directory / "console.in")),
        output(fresh_fifo(place.directory / "console.out")),
        keys(open_file(input, O_RDWR | O_NONBLOCK)),
        follower(executor, output),
        connected(executor),
        ended(executor) {}

  asio::any_io_executor executor;
  Clock& clock;
  Hook hook;
  fs::path input;
  fs::path output;
  Fd keys;  // holds the fifo open between two hooks
  FollowedFile follower;
  Signal connected;  // for the first time
  Signal ended;
  asio::cancellation_signal cancel;
  std::optional<TimePoint> up_since;
  bool greeted = false;  // the hook's first line came
  bool started = false;
  bool stopping = false;
  std::string last_words = "it said nothing";

  std::string without_greeting(std::string bytes);
};

ConsoleLink::ConsoleLink(asio::any_io_executor executor, Clock& clock, HookPlace place)
    : shared_(std::make_shared<Shared>(std::move(executor), clock, std::move(place))) {}

// The signal is still needed when the loop turns: co_spawn passes a cancellation on by a post.
ConsoleLink::~ConsoleLink() {
  shared_->stopping = true;
  shared_->cancel.emit(asio::cancellation_type::terminal);
  asio::post(shared_->executor, [shared = shared_] {});
}

void ConsoleLink::start() {
  KV_CHECK(!shared_->started);
  shared_->started = true;
  asio::co_spawn(shared_->executor, supervise(shared_),
                 asio::bind_cancellation_slot(shared_->cancel.slot(), asio::detached));
}

Task<void> ConsoleLink::supervise(std::shared_ptr<Shared> shared) {
  Millis pause = k_first_pause;
  for (unsigned attempt = 1; !shared->stopping; ++attempt) {
    auto command = shared->hook.command(Verb::console, "", {}, attempt);
    command.env["KV_CONSOLE_INPUT"] = shared->input.string();
    command.output = shared->output;
    shared->greeted = false;
    const fs::path errors = command.errors;
    try {
      auto running = run_child(shared->clock, std::move(command));
      const auto end = co_await std::move(running);
      const auto answer = read_answer(end, read_tail(errors, k_words_limit));
      shared->last_words = answer.words.empty() ? "it ended" : answer.words;
      log_warning(shared->hook.place().host + ": the console was lost: " + shared->last_words);
      pause = shared->up_since ? k_first_pause : std::min(pause * 2, k_longest_pause);
      shared->up_since.reset();
      auto waiting = shared->clock.until(shared->clock.now() + pause);
      co_await std::move(waiting);
    } catch (const boost::system::system_error&) {  // cancelled: stopping
      break;
    } catch (const std::runtime_error& error) {  // no such program: seen as a console that never connects
      shared->last_words = error.what();
      break;
    }
  }
  shared->up_since.reset();
  shared->follower.writer_gone();
  shared->ended.raise();
}

// The first line is the hook's own; what stands behind it is the host's.
std::string ConsoleLink::Shared::without_greeting(std::string bytes) {
  if (greeted) return bytes;
  const std::size_t end = bytes.find('\n');
  if (end == std::string::npos) return "";
  greeted = true;
  up_since = clock.now();
  connected.raise();
  return bytes.substr(end + 1);
}

Task<std::string> ConsoleLink::next() {
  auto shared = shared_;
  for (;;) {
    auto reading = shared->follower.next();
    std::string bytes = co_await std::move(reading);
    if (bytes.empty()) co_return bytes;
    bytes = shared->without_greeting(std::move(bytes));
    if (!bytes.empty()) co_return bytes;
  }
}

Task<void> ConsoleLink::connected() {
  auto shared = shared_;
  auto waiting = shared->connected.wait();
  co_await std::move(waiting);
}

std::optional<TimePoint> ConsoleLink::up_since() const {
  return shared_->up_since;
}

std::string ConsoleLink::last_words() const {
  return shared_->last_words;
}

bool ConsoleLink::type(std::string_view keys) {
  if (!shared_->up_since) return false;
  return ::write(shared_->keys.get(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size());
}

Task<void> ConsoleLink::stop() {
  auto shared = shared_;
  shared->stopping = true;
  if (!shared->started) co_return;
  shared->cancel.emit(asio::cancellation_type::terminal);
  auto ending = shared->ended.wait();
  co_await std::move(ending);
}

}  // namespace kverdict
