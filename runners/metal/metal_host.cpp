#include "runners/metal/metal_host.hpp"

#include <charconv>
#include <sstream>
#include <utility>

#include "runners/host/log.hpp"

namespace kverdict {

namespace {

constexpr Millis k_blunt_limit{60'000};
constexpr Millis k_look_again{500};
constexpr Millis k_obey{20'000};
constexpr std::size_t k_most_keys = 32;

}  // namespace

PowerState parse_power(std::string_view said) {
  std::istringstream words{std::string(said)};
  bool on = false;
  bool off = false;
  for (std::string word; words >> word;) {
    on = on || word == "on";
    off = off || word == "off";
  }
  if (on == off) return PowerState::unknown;
  return on ? PowerState::on : PowerState::off;
}

std::string unescape_keys(std::string_view text) {
  std::string keys;
  for (std::size_t i = 0; i < text.size() && keys.size() < k_most_keys; ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      keys += text[i];
      continue;
    }
    const char kind = text[++i];
    unsigned byte = 0;
    if (kind == 'x' &&
        std::from_chars(text.data() + i + 1, text.data() + std::min(i + 3, text.size()), byte, 16).ec ==
            std::errc()) {
      keys += static_cast<char>(byte);
      i += 2;
    } else {
      keys += kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind;
    }
  }
  return keys;
}

MetalHost::MetalHost(Clock& clock, HostSpec spec, std::filesystem::path directory)
    : clock_(clock),
      spec_(std::move(spec)),
      power_hook_(clock, HookPlace{spec_.name, spec_.power, spec_.settings, directory}),
      deploy_hook_(clock, HookPlace{spec_.name, spec_.deploy, spec_.settings, directory}),
      directory_(std::move(directory)) {}

HookPlace MetalHost::console_place() const {
  return HookPlace{spec_.name, spec_.console, spec_.settings, directory_};
}

Task<void> MetalHost::learn() {
  auto asking = power_hook_.call(Verb::capabilities);
  const auto answer = co_await std::move(asking);
  std::string said = answer.said;
  if (spec_.console != spec_.power) {
    Hook console(clock_, console_place());
    auto also = console.call(Verb::capabilities);
    const auto theirs = co_await std::move(also);
    said += "\n" + theirs.said;
  }
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("break="))
      break_keys_ = unescape_keys(std::string_view(line).substr(6));
    else
      abilities_.insert(line);
  }
}

Task<PowerState> MetalHost::power() {
  auto asking = power_hook_.call(Verb::power_status);
  const auto answer = co_await std::move(asking);
  co_return answer.code == HookCode::done ? parse_power(answer.said) : PowerState::unknown;
}

Task<void> MetalHost::switch_power(PowerState wanted) {
  const auto verb = wanted == PowerState::on ? Verb::power_on : Verb::power_off;
  auto telling = power_hook_.call(verb);
  const auto answer = co_await std::move(telling);
  if (answer.code != HookCode::done)
    throw HookFailure(HookCode::permanent, spec_.name + ": its power hook " + spec_.power.string() +
                                               " knows no " + to_string(verb));
}

// Told, then looked at until it is so or the time is over, and told again.
Task<void> MetalHost::drive(PowerState wanted) {
  auto state = PowerState::unknown;
  for (unsigned told = 0; told <= spec_.limits.power_commands; ++told) {
    const auto deadline = clock_.now() + (told == 0 ? Millis(0) : k_obey);
    for (;;) {
      auto asking = power();
      state = co_await std::move(asking);
      if (state == wanted) co_return;
      if (clock_.now() >= deadline) break;
      auto waiting = clock_.until(clock_.now() + k_look_again);
      co_await std::move(waiting);
    }
    if (told == spec_.limits.power_commands) break;
    auto telling = switch_power(wanted);
    co_await std::move(telling);
  }
  throw InfraError(spec_.name + ": told " + std::to_string(spec_.limits.power_commands) + " times to go " +
                   to_string(wanted) + ", its power is " + to_string(state));
}

Task<void> MetalHost::off() {
  return drive(PowerState::off);
}

Task<void> MetalHost::on() {
  return drive(PowerState::on);
}

Task<bool> MetalHost::off_once() {
  auto telling = power_hook_.once(Verb::power_off, "", {}, 1);
  co_await std::move(telling);
  auto asking = power_hook_.once(Verb::power_status, "", {}, 1);
  const auto answer = co_await std::move(asking);
  co_return answer.code == HookCode::done&& parse_power(answer.said) == PowerState::off;
}

Task<bool> MetalHost::nmi() {
  if (!can("nmi")) co_return false;
  auto asking = power_hook_.call(Verb::nmi);
  const auto answer = co_await std::move(asking);
  co_return answer.code == HookCode::done;
}

Task<void> MetalHost::choose_network() {
  if (!can("boot-once")) co_return;  // then the network is first in its firmware's own order
  auto asking = power_hook_.call(Verb::boot_once, "network");
  co_await std::move(asking);
}

Task<void> MetalHost::deploy(Environment files) {
  auto asking = deploy_hook_.call(Verb::deploy, "", std::move(files));
  const auto answer = co_await std::move(asking);
  if (answer.code != HookCode::done)
    throw HookFailure(HookCode::permanent,
                      spec_.name + ": its hook " + spec_.deploy.string() + " cannot deploy");
}

Task<void> MetalHost::collect(std::string why) {
  if (!can("collect")) co_return;
  Environment reason;
  reason["KV_REASON"] = why;
  try {
    auto asking = power_hook_.once(Verb::collect, "", std::move(reason), 1);
    co_await std::move(asking);
  } catch (const InfraError& error) {  // less evidence is no reason to lose the rest
    log_warning(error.what());
  }
}

Task<std::string> MetalHost::health() {
  auto asking = power_hook_.call(Verb::health);
  const auto answer = co_await std::move(asking);
  co_return answer.said;
}

Task<void> MetalHost::repair() {
  try {
    auto asking = power_hook_.once(Verb::health, "repair", {}, 1);
    co_await std::move(asking);
  } catch (const InfraError& error) {  // the next boot will say it louder
    log_warning(error.what());
  }
}

bool MetalHost::off_blocking() const noexcept {
  Command off = power_hook_.command(Verb::power_off, "", {}, 1);
  off.limit = k_blunt_limit;
  return run_child_blocking(off);
}

}  // namespace kverdict
