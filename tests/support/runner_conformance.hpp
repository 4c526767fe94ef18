// What every Runner promises beyond its types, as tests. A bench says how to get at one:
//
//   struct Bench {
//     Runner& runner();
//     Clock& clock();
//     template <class T> T run(Task<T> task);
//     BootSpec ends(std::string label);     // says words(), then goes off by itself
//     BootSpec stays(std::string label);    // says words(), then nothing, for ever
//     BootSpec cannot_start(std::string label);
//     std::string words();
//     unsigned running();                   // machines of this runner that are up, by other means than the
//     runner
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Replay, RunnerConformance, ReplayBench);
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "runners/error.hpp"
#include "runners/host/race.hpp"
#include "runners/runner.hpp"

namespace kverdict {

namespace conformance {

struct Story {
  std::string console;  // all sources
  std::map<ConsoleSource, std::string> by_source;
  GuestExit exit;
  std::string of(ConsoleSource source) const {
    const auto found = by_source.find(source);
    return found == by_source.end() ? "" : found->second;
  }
};

inline Task<Story> watch_to_the_end(Machine& machine) {
  Story story;
  for (;;) {
    Task<ConsoleEvent> next = machine.next();
    ConsoleEvent event = co_await std::move(next);
    if (auto* exit = std::get_if<GuestExit>(&event)) {
      story.exit = *exit;
      co_return story;
    }
    const auto& chunk = std::get<ConsoleChunk>(event);
    story.console += chunk.bytes;
    story.by_source[chunk.source] += chunk.bytes;
  }
}

inline Task<std::string> read_until(Machine& machine, std::string words) {
  std::string console;
  while (console.find(words) == std::string::npos) {
    Task<ConsoleEvent> next = machine.next();
    ConsoleEvent event = co_await std::move(next);
    auto* chunk = std::get_if<ConsoleChunk>(&event);
    if (!chunk) throw InfraError("the machine went off before it said: " + words + "\n" + console);
    console += chunk->bytes;
  }
  co_return console;
}

inline Task<bool> is_silent_for(Machine& machine, Clock& clock, Millis how_long) {
  Task<std::string> reading = read_until(machine, "never said");
  Task<void> waiting = clock.until(clock.now() + how_long);
  auto first = co_await race(std::move(reading), std::move(waiting));
  co_return first.index() == 1;
}

}  // namespace conformance

template <class Bench>
class RunnerConformance : public testing::Test {
 protected:
  std::unique_ptr<Machine> boot(BootSpec spec) { return bench_.run(bench_.runner().boot(std::move(spec))); }
  Bench bench_;
};
TYPED_TEST_SUITE_P(RunnerConformance);

TYPED_TEST_P(RunnerConformance, DeliversEveryByteBeforeTheExit) {
  auto machine = this->boot(this->bench_.ends("ends"));
  auto story = this->bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_THAT(story.console, testing::HasSubstr(this->bench_.words()));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::powered_off) << story.exit.detail;
  auto again = this->bench_.run(machine->next());
  EXPECT_TRUE(std::holds_alternative<GuestExit>(again));
}

TYPED_TEST_P(RunnerConformance, PowersOffWhatStays) {
  auto machine = this->boot(this->bench_.stays("stays"));
  this->bench_.run(conformance::read_until(*machine, this->bench_.words()));
  EXPECT_EQ(this->bench_.running(), 1u);
  this->bench_.run(machine->power_off());
  auto story = this->bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::destroyed) << story.exit.detail;
  EXPECT_EQ(this->bench_.running(), 0u);
}

TYPED_TEST_P(RunnerConformance, PowersOffTwiceWithoutHarm) {
  auto machine = this->boot(this->bench_.stays("twice"));
  this->bench_.run(machine->power_off());
  this->bench_.run(machine->power_off());
  EXPECT_FALSE(this->bench_.run(machine->provoke(Provocation::nmi)));
}

TYPED_TEST_P(RunnerConformance, CanBeCancelledWhileItWaitsForWords) {
  auto machine = this->boot(this->bench_.stays("silent"));
  this->bench_.run(conformance::read_until(*machine, this->bench_.words()));
  EXPECT_TRUE(this->bench_.run(conformance::is_silent_for(*machine, this->bench_.clock(), Millis(300))));
  this->bench_.run(machine->power_off());
  auto story = this->bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::destroyed);
}

TYPED_TEST_P(RunnerConformance, LeavesNothingRunningWhenAMachineIsDropped) {
  auto machine = this->boot(this->bench_.stays("dropped"));
  EXPECT_EQ(this->bench_.running(), 1u);
  machine.reset();
  EXPECT_EQ(this->bench_.running(), 0u);
}

TYPED_TEST_P(RunnerConformance, KeepsTheConsolesOfTwoMachinesApart) {
  auto first = this->boot(this->bench_.stays("first"));
  auto second = this->boot(this->bench_.ends("second"));
  auto story = this->bench_.run(conformance::watch_to_the_end(*second));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::powered_off);
  EXPECT_EQ(this->bench_.running(), 1u);
  auto words = this->bench_.run(conformance::read_until(*first, this->bench_.words()));
  EXPECT_THAT(words, testing::HasSubstr(this->bench_.words()));
}

TYPED_TEST_P(RunnerConformance, CallsAMachineThatCannotStartALabError) {
  EXPECT_THROW(this->boot(this->bench_.cannot_start("impossible")), InfraError);
  EXPECT_EQ(this->bench_.running(), 0u);
}

TYPED_TEST_P(RunnerConformance, DescribesItself) {
  RunnerTraits traits = this->bench_.runner().traits();
  EXPECT_FALSE(traits.name.empty());
  EXPECT_GE(traits.slots, 1u);
  EXPECT_GE(traits.time_scale, 1.0);
}

TYPED_TEST_P(RunnerConformance, SweepsOnlyWhatIsDead) {
  auto machine = this->boot(this->bench_.stays("alive"));
  this->bench_.run(this->bench_.runner().sweep());
  EXPECT_EQ(this->bench_.running(), 1u);
  EXPECT_EQ(this->bench_.run(this->bench_.runner().sweep()), 0u);
}

REGISTER_TYPED_TEST_SUITE_P(RunnerConformance, DeliversEveryByteBeforeTheExit, PowersOffWhatStays,
                            PowersOffTwiceWithoutHarm, CanBeCancelledWhileItWaitsForWords,
                            LeavesNothingRunningWhenAMachineIsDropped, KeepsTheConsolesOfTwoMachinesApart,
                            CallsAMachineThatCannotStartALabError, DescribesItself, SweepsOnlyWhatIsDead);

}  // namespace kverdict
