#include "runners/metal/host_record.hpp"

#include <gmock/gmock.h>

#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

using testing::HasSubstr;
using testing::Optional;

class HostRecords : public testing::Test {
 protected:
  std::string refusal() {
    auto taken = record_.take();
    auto* why = std::get_if<std::string>(&taken);
    return why ? *why : "";
  }
  TemporaryDirectory directory_;
  HostRecord record_{directory_.path() / "lab1"};
};

TEST_F(HostRecords, GiveTheHostToOneAtATime) {
  auto first = record_.take();
  ASSERT_TRUE(std::holds_alternative<HostLease>(first));
  EXPECT_THAT(refusal(), HasSubstr("in use by"));
  std::get<HostLease>(first).reset();
  EXPECT_EQ(refusal(), "");
}

TEST_F(HostRecords, DrainAHostThatFailsTooOftenInARow) {
  EXPECT_FALSE(record_.failed("no answer", 3));
  EXPECT_FALSE(record_.failed("no answer", 3));
  record_.succeeded();
  EXPECT_FALSE(record_.failed("no answer", 3));
  EXPECT_FALSE(record_.failed("no answer", 3));
  EXPECT_EQ(refusal(), "");
  EXPECT_TRUE(record_.failed("no power", 3));
  EXPECT_EQ(refusal(), "drained: failed 3 times in a row, last: no power");
}

TEST_F(HostRecords, TakeBackWhatKeptAHostOutOfUse) {
  record_.drain("smoke");
  record_.reserve("mine until noon");
  EXPECT_THAT(refusal(), HasSubstr("smoke"));
  record_.release();
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(record_.failures(), 0u);
}

TEST_F(HostRecords, RememberWhoSwitchedItOn) {
  EXPECT_FALSE(record_.powered_by());
  record_.mark_powered("session-0001");
  EXPECT_THAT(HostRecord(directory_.path() / "lab1").powered_by(), Optional(std::string("session-0001")));
  record_.mark_off();
  EXPECT_FALSE(record_.powered_by());
}

TEST_F(HostRecords, LetPeopleTakeADrainedHost) {
  record_.drain("smoke");
  EXPECT_TRUE(std::holds_alternative<HostLease>(record_.take_anyway()));
}

}  // namespace
}  // namespace kverdict
