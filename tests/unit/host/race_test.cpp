#include "runners/host/race.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "runners/host/blocking.hpp"
#include "tests/support/fake_clock.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;

Task<std::string> say_after(Clock& clock, Millis delay, std::string word) {
  co_await clock.until(clock.now() + delay);
  co_return word;
}

Task<int> fail_after(Clock& clock, Millis delay) {
  co_await clock.until(clock.now() + delay);
  throw std::runtime_error("lab is dead");
}

Task<void> note_cancellation(Clock& clock, bool& noted) {
  try {
    co_await clock.until(clock.now() + 24h);
  } catch (const boost::system::system_error& error) {
    noted = error.code() == boost::asio::error::operation_aborted;
    throw;
  }
}

TEST(Race, GivesTheResultOfTheFirstToEnd) {
  FakeClock clock;
  auto result = clock.run(race(say_after(clock, 5s, "slow"), say_after(clock, 1s, "fast")));
  ASSERT_EQ(result.index(), 1u);
  EXPECT_EQ(std::get<1>(result), "fast");
}

TEST(Race, CancelsTheLoserAndWaitsForIt) {
  FakeClock clock;
  bool noted = false;
  auto start = clock.now();
  auto result = clock.run(race(note_cancellation(clock, noted), say_after(clock, 1s, "done")));
  EXPECT_EQ(result.index(), 1u);
  EXPECT_TRUE(noted);
  EXPECT_EQ(clock.now() - start, 1s);
}

TEST(Race, ThrowsTheWinnersExceptionAtOnce) {
  FakeClock clock;
  auto start = clock.now();
  EXPECT_THROW(clock.run(race(say_after(clock, 1h, "late"), fail_after(clock, 1s))), std::runtime_error);
  EXPECT_EQ(clock.now() - start, 1s);
}

TEST(Race, DropsTheLosersException) {
  FakeClock clock;
  auto result = clock.run(race(say_after(clock, 1s, "fine"), fail_after(clock, 2s)));
  EXPECT_EQ(std::get<0>(result), "fine");
}

TEST(Race, CancelledItselfCancelsBothSides) {
  FakeClock clock;
  bool left = false;
  bool right = false;
  auto inner = race(note_cancellation(clock, left), note_cancellation(clock, right));
  clock.run(race(std::move(inner), say_after(clock, 1s, "stop")));
  EXPECT_TRUE(left);
  EXPECT_TRUE(right);
}

TEST(Race, CarriesResultsThatCannotBeDefaultMade) {
  struct Stubborn {
    explicit Stubborn(int given) : value(given) {}
    std::unique_ptr<int> owned = std::make_unique<int>(1);
    int value;
  };
  auto make = []() -> Task<Stubborn> { co_return Stubborn(7); };
  FakeClock clock;
  auto result = clock.run(race(make(), say_after(clock, 1s, "late")));
  EXPECT_EQ(std::get<0>(result).value, 7);
}

TEST(Blocking, ReturnsTheResultOfAWorkerThread) {
  FakeClock clock;
  BlockingPool pool(1);
  auto here = std::this_thread::get_id();
  auto there = clock.run(blocking(pool, [] { return std::this_thread::get_id(); }));
  EXPECT_TRUE(here != there);
  pool.join();
}

TEST(Blocking, ThrowsTheExceptionOfTheWorker) {
  FakeClock clock;
  BlockingPool pool(1);
  auto fail = []() -> int { throw std::runtime_error("disk is gone"); };
  EXPECT_THROW(clock.run(blocking(pool, fail)), std::runtime_error);
  pool.join();
}

TEST(FakeClock, SaysThatATaskWaitsForever) {
  FakeClock clock;
  auto start = clock.now();
  clock.run(say_after(clock, 100h, "night"));
  EXPECT_EQ(clock.now() - start, 100h);
}

}  // namespace
}  // namespace kverdict
