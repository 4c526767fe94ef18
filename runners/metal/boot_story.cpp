#include "runners/metal/boot_story.hpp"

#include <utility>

namespace kverdict {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_obey{20'000};       // a BMC may take its time to do as it is told
constexpr milliseconds k_look_again{500};    // between two looks at the power
constexpr milliseconds k_no_answer{60'000};  // a BMC that does not know the power has so long to find out

std::string seconds(milliseconds time) {
  return std::to_string(time.count() / 1000) + " s";
}

}  // namespace

const char* to_string(PowerState state) {
  switch (state) {
    case PowerState::unknown:
      return "unknown";
    case PowerState::on:
      return "on";
    case PowerState::off:
      return "off";
  }
  return "unknown";
}

BootStory::BootStory(Delivery delivery, HostLimits limits, Instant start)
    : delivery_(delivery), limits_(limits) {
  clear(start);
}

void BootStory::clear(Instant now) {
  ++cycles_;
  phase_ = Phase::clearing;
  need_ = Need::ask_power;
  commands_ = 0;
  until_ = now;
  obeyed_by_ = now + k_no_answer;
}

void BootStory::prepare(Instant now) {
  phase_ = Phase::preparing;
  until_ = now;
  // The console is connected once and stays over power cycles.
  if (cycles_ == 1) {
    need_ = Need::connect_console;
  } else {
    did(Need::connect_console, now);
  }
}

void BootStory::start(Instant now) {
  phase_ = Phase::starting;
  commands_ = 1;
  obeyed_by_ = now + k_obey;
  need_ = Need::switch_on;
}

void BootStory::started(Instant now) {
  if (delivery_ == Delivery::network) {
    phase_ = Phase::fetching;
    need_ = Need::wait;
    until_ = now + limits_.firmware;
  } else if (delivery_ == Delivery::resident) {
    phase_ = Phase::deploying;
    need_ = Need::deploy;
  } else {
    phase_ = Phase::over;
    need_ = Need::done;
  }
}

void BootStory::fail(std::string why) {
  phase_ = Phase::over;
  need_ = Need::failed;
  why_ = std::move(why);
}

void BootStory::did(Need need, Instant now) {
  switch (need) {
    case Need::switch_off:
    case Need::switch_on:
      obeyed_by_ = now + k_obey;
      need_ = Need::ask_power;
      return;
    case Need::connect_console:
      if (delivery_ == Delivery::resident) return start(now);
      need_ = Need::deploy;
      return;
    case Need::deploy:
      if (phase_ == Phase::preparing) {
        need_ = Need::choose_network;
      } else {
        phase_ = Phase::over;
        need_ = Need::done;
      }
      return;
    case Need::choose_network:
      return start(now);
    case Need::ask_power:
    case Need::wait:
    case Need::done:
    case Need::failed:
      return;
  }
}

void BootStory::power_is(PowerState state, Instant now) {
  if (need_ != Need::ask_power) return;
  const auto wanted = phase_ == Phase::clearing ? PowerState::off : PowerState::on;
  if (state != wanted) return look_again(state, now);
  if (phase_ == Phase::starting) return started(now);
  if (commands_ == 0) return prepare(now);  // it was off: the capacitors are empty
  phase_ = Phase::resting;
  need_ = Need::wait;
  until_ = now + limits_.off_time;
}

// Not as wanted: time first, then the command once more.
void BootStory::look_again(PowerState state, Instant now) {
  const bool never_told = phase_ == Phase::clearing && commands_ == 0;
  if (state != PowerState::unknown && never_told) return command_or_fail(state, now);
  if (now >= obeyed_by_) return command_or_fail(state, now);
  need_ = Need::wait;
  until_ = now + k_look_again;
}

void BootStory::command_or_fail(PowerState state, Instant now) {
  if (state == PowerState::unknown) return fail("the power is neither on nor off, as far as is known");
  const bool clearing = phase_ == Phase::clearing;
  if (commands_ >= limits_.power_commands)
    return fail("told " + std::to_string(commands_) + " times to go " + (clearing ? "off" : "on") +
                ", it is still " + to_string(state));
  ++commands_;
  obeyed_by_ = now + k_obey;
  need_ = clearing ? Need::switch_off : Need::switch_on;
}

void BootStory::fetched(Instant) {
  if (phase_ != Phase::fetching) return;
  phase_ = Phase::over;
  need_ = Need::done;
}

void BootStory::on_time(Instant now) {
  if (need_ != Need::wait || now < until_) return;
  if (phase_ == Phase::resting) return prepare(now);
  if (phase_ != Phase::fetching) {
    need_ = Need::ask_power;
    return;
  }
  if (cycles_ < limits_.boots) return clear(now);
  fail("it has power, but did not fetch its kernel within " + seconds(limits_.firmware) + " of power-on (" +
       std::to_string(cycles_) + " tries)");
}

}  // namespace kverdict
