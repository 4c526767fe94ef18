#include "orchestrator/drive/build_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>

#include "runners/error.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/simulated_lab.hpp"

namespace kverdict {
namespace {

using testing::ElementsAre;

class BuildQueueTest : public testing::Test {
 protected:
  BuildQueueTest() {
    kernels_.behaviour = [](const CandidateId&, unsigned) { return Behaviour::passes; };
    kernels_.build_time = Millis(1000);
  }

  Task<void> after(Millis wait) {
    auto waiting = clock_.until(clock_.now() + wait);
    co_await std::move(waiting);
  }
  Task<std::string> kernel_of(std::string id) {
    auto getting = queue_.get({id});
    const auto result = co_await std::move(getting);
    co_return std::get<BuiltImage>(result).image.kernel.filename().string();
  }
  // Starts to wait for it and keeps the answer.
  void want(std::string id) {
    boost::asio::co_spawn(
        clock_.context(), kernel_of(std::move(id)),
        [this](std::exception_ptr failure, std::string got) { got_.push_back(failure ? "failed" : got); });
  }
  void pass(Millis wait) { clock_.run(after(wait)); }
  void stop() { clock_.run(queue_.stop()); }

  FakeClock clock_;
  SimulatedKernels kernels_;
  SimulatedImages images_{clock_, kernels_};
  BuildQueue queue_{clock_.executor(), images_};
  std::vector<std::string> got_;
};

CandidateId id(const char* text) {
  return {text};
}

TEST_F(BuildQueueTest, BuildsOneAfterTheOtherInTheOrderAskedFor) {
  want("a");
  want("b");
  want("c");
  pass(Millis(2500));
  EXPECT_THAT(got_, ElementsAre("a", "b"));
  pass(Millis(1000));
  EXPECT_THAT(got_, ElementsAre("a", "b", "c"));
  stop();
}

TEST_F(BuildQueueTest, BuildsOnceForAllWhoWait) {
  want("a");
  want("a");
  pass(Millis(1500));
  EXPECT_THAT(got_, ElementsAre("a", "a"));
  EXPECT_THAT(images_.built, ElementsAre(id("a")));
  stop();
}

TEST_F(BuildQueueTest, AWishGivesWayToWhatIsAwaited) {
  queue_.ahead({id("w")});
  pass(Millis(500));
  want("a");
  pass(Millis(1100));
  EXPECT_THAT(got_, ElementsAre("a"));
  EXPECT_THAT(images_.cancelled, ElementsAre(id("w")));
  pass(Millis(1100));
  EXPECT_THAT(images_.built, ElementsAre(id("a"), id("w"))) << "taken up again when nobody waits";
  stop();
}

TEST_F(BuildQueueTest, WhatIsAwaitedDoesNotGiveWay) {
  want("a");
  pass(Millis(500));
  want("b");
  queue_.ahead({id("w")});
  pass(Millis(2000));
  EXPECT_THAT(images_.cancelled, testing::IsEmpty());
  EXPECT_THAT(got_, ElementsAre("a", "b"));
  stop();
}

TEST_F(BuildQueueTest, AnImageThatIsThereIsGivenAtOnce) {
  queue_.ahead({id("w")});
  pass(Millis(1500));
  want("w");
  pass(Millis(1));
  EXPECT_THAT(got_, ElementsAre("w"));
  stop();
}

TEST_F(BuildQueueTest, TellsOfEveryImage) {
  std::vector<CandidateId> told;
  queue_.on_built([&](const CandidateId& which, const BuiltImage&) { told.push_back(which); });
  queue_.ahead({id("w")});
  want("a");
  pass(Millis(3000));
  EXPECT_THAT(told, ElementsAre(id("a"), id("w")));
  stop();
}

TEST_F(BuildQueueTest, AFailureOfTheLabReachesThoseWhoWaitAndNoWish) {
  kernels_.behaviour = [](const CandidateId&, unsigned) { return Behaviour::breaks_build; };
  queue_.ahead({id("w")});
  pass(Millis(5000));
  EXPECT_THAT(got_, testing::IsEmpty());
  want("a");
  want("a");
  pass(Millis(5000));
  EXPECT_THAT(got_, ElementsAre("failed", "failed"));
  stop();
}

TEST_F(BuildQueueTest, StopsTheBuildThatNobodyWaitsForAnyMore) {
  boost::asio::cancellation_signal cancel;
  auto slot = cancel.slot();
  boost::asio::co_spawn(clock_.context(), kernel_of("a"),
                        boost::asio::bind_cancellation_slot(slot, [](std::exception_ptr, std::string) {}));
  pass(Millis(500));
  cancel.emit(boost::asio::cancellation_type::terminal);
  pass(Millis(2000));
  EXPECT_THAT(images_.cancelled, ElementsAre(id("a")));
  EXPECT_THAT(images_.built, testing::IsEmpty());
  stop();
}

}  // namespace
}  // namespace kverdict
