#include "runners/metal/hook.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "runners/host/files.hpp"

namespace kverdict {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t k_said_limit = 64 * 1024;
constexpr std::size_t k_words_limit = 300;
constexpr std::array<Millis, 3> k_back_off = {2s, 8s, 30s};

std::string_view without_end(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  return text;
}

// For people, from a program that is not ours: one line, printable, bounded.
std::string last_line(std::string_view text) {
  text = without_end(text);
  std::string line(text.substr(text.rfind('\n') + 1).substr(0, k_words_limit));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

HookCode code_of(int exit) {
  for (HookCode code : {HookCode::done, HookCode::permanent, HookCode::unsupported, HookCode::busy})
    if (exit == static_cast<int>(code)) return code;
  return HookCode::transient;
}

std::string how_it_ended(const ChildEnd& end) {
  switch (end.how) {
    case ChildEnd::How::exited:
      return "exit code " + std::to_string(end.code);
    case ChildEnd::How::signalled:
      return "killed by signal " + std::to_string(end.code);
    case ChildEnd::How::timed_out:
      return "no answer in time";
  }
  return "ended";
}

bool is_worth_another(HookCode code) {
  return code == HookCode::transient || code == HookCode::busy;
}

}  // namespace

const char* to_string(Verb verb) {
  switch (verb) {
    case Verb::capabilities:
      return "capabilities";
    case Verb::health:
      return "health";
    case Verb::power_status:
      return "power-status";
    case Verb::power_on:
      return "power-on";
    case Verb::power_off:
      return "power-off";
    case Verb::power_cycle:
      return "power-cycle";
    case Verb::boot_once:
      return "boot-once";
    case Verb::deploy:
      return "deploy";
    case Verb::console:
      return "console";
    case Verb::nmi:
      return "nmi";
    case Verb::collect:
      return "collect";
  }
  return "";
}

Millis time_limit(Verb verb) {
  switch (verb) {
    case Verb::capabilities:
    case Verb::health:
    case Verb::power_status:
    case Verb::nmi:
      return 15s;
    case Verb::power_on:
    case Verb::power_off:
    case Verb::boot_once:
      return 60s;
    case Verb::power_cycle:
    case Verb::collect:
      return 120s;
    case Verb::deploy:
      return 600s;
    case Verb::console:
      return 0s;
  }
  return 15s;
}

HookAnswer read_answer(const ChildEnd& end, std::string_view errors) {
  HookAnswer answer;
  answer.said = without_end(end.output);
  answer.code = end.how == ChildEnd::How::exited ? code_of(end.code) : HookCode::transient;
  if (answer.code == HookCode::done) return answer;
  answer.words = how_it_ended(end);
  if (auto line = last_line(errors); !line.empty()) answer.words = line + " (" + answer.words + ")";
  return answer;
}

Command Hook::command(Verb verb, const std::string& argument, const Environment& environment,
                      unsigned attempt) const {
  Command command;
  command.argv = {place_.program.string(), to_string(verb)};
  if (!argument.empty()) command.argv.push_back(argument);
  command.directory = place_.directory;
  command.env = place_.settings;
  for (const auto& [name, value] : environment) command.env[name] = value;
  command.env["KV_HOST"] = place_.host;
  command.env["KV_DIRECTORY"] = place_.directory.string();
  command.env["KV_ATTEMPT"] = std::to_string(attempt);
  command.limit = time_limit(verb);
  if (command.limit.count() > 0) {
    auto deadline = clock_.wall() + command.limit;
    command.env["KV_DEADLINE"] = std::to_string(std::chrono::system_clock::to_time_t(deadline));
  }
  command.errors = place_.directory / ("hook-" + std::string(to_string(verb)) + ".err");
  command.capture_limit = k_said_limit;
  return command;
}

void Hook::keep(Verb verb, const HookAnswer& answer, unsigned attempt, Millis took) const {
  auto log = AppendFile::open(place_.directory / "hooks.log");
  log.append(std::string(to_string(verb)) + " attempt " + std::to_string(attempt) + ": " +
                 std::to_string(static_cast<int>(answer.code)) + " after " + std::to_string(took.count()) +
                 " ms" + (answer.words.empty() ? "" : ": " + answer.words) + "\n",
             Durability::plain);
}

Task<HookAnswer> Hook::once(Verb verb, std::string argument, Environment environment, unsigned attempt) {
  const auto start = clock_.now();
  auto wanted = command(verb, argument, environment, attempt);
  const fs::path errors = wanted.errors;
  auto running = run_child(clock_, std::move(wanted));
  ChildEnd end;
  try {
    end = co_await std::move(running);
  } catch (const UsageError& error) {  // a hook that is gone is no fault of the command line any more
    throw HookFailure(HookCode::permanent, place_.host + ": " + error.what());
  }
  auto answer = read_answer(end, read_tail(errors, k_said_limit));
  keep(verb, answer, attempt, std::chrono::duration_cast<Millis>(clock_.now() - start));
  co_return answer;
}

std::string Hook::complaint(Verb verb, const HookAnswer& answer, unsigned attempts) const {
  return place_.host + ": " + place_.program.filename().string() + " " + to_string(verb) + ": " +
         answer.words + (attempts > 1 ? ", " + std::to_string(attempts) + " attempts" : "");
}

Task<HookAnswer> Hook::call(Verb verb, std::string argument, Environment environment) {
  for (unsigned attempt = 1;; ++attempt) {
    auto asking = once(verb, argument, environment, attempt);
    auto answer = co_await std::move(asking);
    if (answer.code == HookCode::done || answer.code == HookCode::unsupported) co_return answer;
    if (!is_worth_another(answer.code) || attempt > k_back_off.size())
      throw HookFailure(answer.code, complaint(verb, answer, attempt));
    auto waiting = clock_.until(clock_.now() + k_back_off[attempt - 1]);
    co_await std::move(waiting);
  }
}

}  // namespace kverdict
