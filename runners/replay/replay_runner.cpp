#include "runners/replay/replay_runner.hpp"

#include <fnmatch.h>

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <sstream>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/host/race.hpp"

namespace kverdict {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_table_limit = 1 << 20;
constexpr std::size_t k_recording_limit = 256u << 20;

class ReplayMachine : public Machine {
 public:
  ReplayMachine(asio::any_io_executor executor, Clock& clock, Recording recording,
                std::shared_ptr<unsigned> running)
      : clock_(clock),
        recording_(std::move(recording)),
        scene_(&recording_.boot),
        began_(clock.now()),
        running_(std::move(running)),
        change_(std::move(executor), asio::steady_timer::time_point::max()) {
    ++*running_;
  }
  ~ReplayMachine() override {
    if (!exit_) --*running_;
  }

  Task<ConsoleEvent> next() override {
    for (;;) {
      if (exit_) co_return *exit_;
      if (position_ < scene_->chunks.size()) {
        auto waiting = until_or_change(scene_->chunks[position_].at);
        bool changed = co_await std::move(waiting);
        if (!changed) co_return scene_->chunks[position_++].chunk;
      } else if (scene_->exit) {
        auto waiting = until_or_change(scene_->exit->at);
        bool changed = co_await std::move(waiting);
        if (!changed) end(scene_->exit->exit);
      } else {
        auto waiting = changed();
        co_await std::move(waiting);
      }
    }
  }

  Task<bool> provoke(Provocation how) override {
    auto& answer = answer_to(how);
    if (exit_ || !answer) co_return false;
    scene_ = &*answer;
    position_ = 0;
    began_ = clock_.now();
    note_change();
    co_return true;
  }

  Task<void> power_off() override {
    if (!exit_) end({GuestExit::Cause::destroyed, ""});
    co_return;
  }

 private:
  void end(GuestExit exit) {
    exit_ = std::move(exit);
    --*running_;
    note_change();
  }

  std::optional<RecordedScene>& answer_to(Provocation how) {
    switch (how) {
      case Provocation::nmi:
        return recording_.on_nmi;
      case Provocation::memory:
        return recording_.on_memory;
      case Provocation::sysrq:
        return recording_.on_sysrq;
    }
    return recording_.on_sysrq;
  }

  void note_change() {
    ++changes_;
    change_.cancel();
  }

  Task<void> changed() {
    unsigned before = changes_;
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await change_.async_wait(token);
    if (changes_ == before) throw boost::system::system_error(asio::error::operation_aborted, "replay");
  }

  // True when the play took another turn meanwhile.
  Task<bool> until_or_change(Millis at) {
    TimePoint when = began_ + at;
    if (when <= clock_.now()) co_return false;
    Task<void> time = clock_.until(when);
    Task<void> turn = changed();
    auto first = co_await race(std::move(time), std::move(turn));
    co_return first.index() == 1;
  }

  Clock& clock_;
  Recording recording_;
  RecordedScene* scene_;
  TimePoint began_;
  std::size_t position_ = 0;
  std::optional<GuestExit> exit_;
  std::shared_ptr<unsigned> running_;
  unsigned changes_ = 0;
  asio::steady_timer change_;
};

ReplayRow parse_row(const std::string& line, const std::string& where) {
  std::istringstream words(line);
  std::string key;
  std::string recording;
  std::string rest;
  ReplayRow row;
  words >> key >> row.pattern >> recording;
  if (key == "label")
    row.key = ReplayRow::Key::label;
  else if (key == "kernel")
    row.key = ReplayRow::Key::kernel;
  else if (key != "any")
    recording.clear();
  if (recording.empty() || words >> rest)
    throw UsageError(where + ": not a row: write \"label|kernel|any PATTERN RECORDING\"");
  row.recording = recording;
  return row;
}

std::vector<ReplayRow> read_table(const fs::path& path) {
  auto text = read_file_if_there(path, k_table_limit);
  if (!text) throw UsageError("no table of recordings: " + path.string() + " does not exist");
  std::vector<ReplayRow> rows;
  std::istringstream lines(*text);
  std::string line;
  for (unsigned number = 1; std::getline(lines, line); ++number) {
    std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    rows.push_back(parse_row(line, path.string() + ":" + std::to_string(number)));
  }
  return rows;
}

bool fits(const ReplayRow& row, const BootSpec& spec) {
  if (row.key == ReplayRow::Key::any) return true;
  const std::string& subject = row.key == ReplayRow::Key::label ? spec.label : spec.image.kernel.native();
  return ::fnmatch(row.pattern.c_str(), subject.c_str(), 0) == 0;
}

}  // namespace

ReplayRunner::ReplayRunner(Clock& clock, ReplayOptions options, std::vector<ReplayRow> rows)
    : clock_(clock),
      options_(std::move(options)),
      rows_(std::move(rows)),
      running_(std::make_shared<unsigned>(0)) {}

std::unique_ptr<ReplayRunner> ReplayRunner::open(Clock& clock, ReplayOptions options) {
  auto rows = read_table(options.directory / "boots");
  return std::unique_ptr<ReplayRunner>(new ReplayRunner(clock, std::move(options), std::move(rows)));
}

RunnerTraits ReplayRunner::traits() const {
  RunnerTraits traits;
  traits.name = "replay of " + options_.directory.string();
  traits.slots = options_.slots;
  return traits;
}

Task<std::unique_ptr<Machine>> ReplayRunner::boot(BootSpec spec) {
  for (const ReplayRow& row : rows_) {
    if (!fits(row, spec)) continue;
    fs::path file = options_.directory / row.recording;
    Recording recording = parse_recording(read_file(file, k_recording_limit), file.string());
    auto executor = co_await asio::this_coro::executor;
    co_return std::make_unique<ReplayMachine>(executor, clock_, std::move(recording), running_);
  }
  throw InfraError("replay: no recording for boot " + spec.label + " of " + spec.image.kernel.string() +
                   " in " + (options_.directory / "boots").string());
}

Task<unsigned> ReplayRunner::sweep() {
  co_return 0;
}

}  // namespace kverdict
