#include "runners/host/files.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <boost/asio/detached.hpp>

#include "runners/error.hpp"
#include "runners/host/file_lock.hpp"
#include "runners/host/followed_file.hpp"
#include "runners/host/log.hpp"
#include "runners/host/race.hpp"
#include "runners/host/speed.hpp"
#include "tests/support/fake_clock.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::path(testing::TempDir()) / ("kv_files_" + std::to_string(::getpid()));
    fs::remove_all(directory_);
    make_dirs(directory_ / "deep" / "er");
  }
  void TearDown() override { fs::remove_all(directory_); }
  fs::path directory_;
};

TEST_F(Files, AreReadWhole) {
  write_file(directory_ / "a", "content\n");
  EXPECT_EQ(read_file(directory_ / "a", 8), "content\n");
}

TEST_F(Files, BeyondTheLimitAreRefusedByName) {
  write_file(directory_ / "big", std::string(9, 'x'));
  try {
    read_file(directory_ / "big", 8);
    FAIL();
  } catch (const InfraError& error) {
    EXPECT_THAT(error.what(), HasSubstr("big"));
  }
}

TEST_F(Files, ThatAreMissingAreNoneOrAnError) {
  EXPECT_EQ(read_file_if_there(directory_ / "none", 10), std::nullopt);
  EXPECT_THROW(read_file(directory_ / "none", 10), InfraError);
}

TEST_F(Files, GiveTheirTail) {
  write_file(directory_ / "log", "first\nsecond\nthird\n");
  EXPECT_EQ(read_tail(directory_ / "log", 6), "third\n");
  EXPECT_EQ(read_tail(directory_ / "log", 600), "first\nsecond\nthird\n");
}

TEST_F(Files, AreReplacedWithoutLeavings) {
  write_file(directory_ / "deep" / "x", "one", Durability::synced);
  write_file(directory_ / "deep" / "x", "two", Durability::synced, 0600);
  EXPECT_EQ(read_file(directory_ / "deep" / "x", 10), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_ / "deep"), fs::directory_iterator()), 2);
}

TEST_F(Files, GrowAndAreCutByAppendFile) {
  AppendFile file = AppendFile::open(directory_ / "journal");
  file.append("whole\n", Durability::synced);
  file.append("torn", Durability::plain);
  EXPECT_EQ(file.size(), 10u);
  file.truncate(6);
  file.append("next\n", Durability::synced);
  EXPECT_EQ(read_file(directory_ / "journal", 100), "whole\nnext\n");
}

TEST_F(Files, KnowTheFreeSpaceOfAPathToBe) {
  EXPECT_GT(free_space(directory_ / "not" / "yet"), 0u);
  EXPECT_GT(free_space("relative/not/yet"), 0u);
}

TEST_F(Files, LockNamesItsHolder) {
  auto first = FileLock::acquire(directory_ / "lock");
  ASSERT_TRUE(std::holds_alternative<FileLock>(first));
  auto second = FileLock::acquire(directory_ / "lock");
  ASSERT_TRUE(std::holds_alternative<LockHolder>(second));
  EXPECT_EQ(std::get<LockHolder>(second).pid, ::getpid());
  EXPECT_THAT(std::get<LockHolder>(second).text, HasSubstr("on host "));
}

TEST_F(Files, LockIsLookedAtWithoutBeingTaken) {
  EXPECT_FALSE(FileLock::holder(directory_ / "lock"));
  {
    auto first = FileLock::acquire(directory_ / "lock");
    ASSERT_TRUE(FileLock::holder(directory_ / "lock"));
    EXPECT_EQ(FileLock::holder(directory_ / "lock")->pid, ::getpid());
    std::get<FileLock>(first).release();
    EXPECT_FALSE(FileLock::holder(directory_ / "lock"));
  }
  EXPECT_FALSE(FileLock::holder(directory_ / "lock"));
}

TEST_F(Files, LockIsFreeWhenItsHolderIsGone) {
  { auto first = FileLock::acquire(directory_ / "lock"); }
  EXPECT_TRUE(std::holds_alternative<FileLock>(FileLock::acquire(directory_ / "lock")));
}

TEST_F(Files, LogGoesToItsFileOnly) {
  log_error("before it is opened: dropped");
  open_log(directory_ / "log", LogLevel::info);
  log_debug("too small");
  log_warning("disk is slow");
  std::string text = read_file(directory_ / "log", 1000);
  EXPECT_THAT(text, HasSubstr("disk is slow"));
  EXPECT_THAT(text, testing::Not(HasSubstr("too small")));
}

Task<std::string> read_until_end(FollowedFile& file) {
  std::string all;
  for (;;) {
    std::string chunk = co_await file.next();
    if (chunk.empty()) co_return all;
    all += chunk;
  }
}

Task<void> write_bit_by_bit(Clock& clock, fs::path path, FollowedFile& file) {
  AppendFile out = AppendFile::open(path);
  for (int i = 0; i < 50; ++i) {
    out.append("line " + std::to_string(i) + "\n", Durability::plain);
    co_await clock.until(clock.now() + Millis(1));
  }
  out.append("end", Durability::plain);
  file.writer_gone();
}

Task<std::string> follow_a_writer(FakeClock& clock, fs::path path) {
  FollowedFile file(clock.executor(), path);
  boost::asio::co_spawn(clock.context(), write_bit_by_bit(clock, path, file), boost::asio::detached);
  co_return co_await read_until_end(file);
}

TEST_F(Files, AreFollowedToTheLastByte) {
  write_file(directory_ / "console", "");
  FakeClock clock;
  std::string all = clock.run(follow_a_writer(clock, directory_ / "console"));
  EXPECT_THAT(all, testing::StartsWith("line 0\nline 1\n"));
  EXPECT_THAT(all, testing::EndsWith("line 49\nend"));
}

Task<std::string> follow_a_fifo(FakeClock& clock, fs::path path) {
  FollowedFile file(clock.executor(), path);
  boost::asio::co_spawn(clock.context(), write_bit_by_bit(clock, path, file), boost::asio::detached);
  co_return co_await read_until_end(file);
}

TEST_F(Files, ThatAreFifosAreFollowedToo) {
  ASSERT_EQ(::mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  FakeClock clock;
  std::string all = clock.run(follow_a_fifo(clock, directory_ / "fifo"));
  EXPECT_THAT(all, testing::StartsWith("line 0\nline 1\n"));
  EXPECT_THAT(all, testing::EndsWith("line 49\nend"));
}

Task<std::string> look_now_and_then(FakeClock& clock, fs::path path) {
  FollowedFile file(clock.executor(), path, Millis(5));
  write_file(path.string() + ".other", "");
  AppendFile::open(path).append("late", Durability::plain);
  std::string bytes = co_await file.next();
  file.writer_gone();
  bytes += co_await file.next();
  co_return bytes;
}

TEST_F(Files, OfOtherHostsAreLookedAtNowAndThen) {
  write_file(directory_ / "console", "early ");
  FakeClock clock;
  EXPECT_EQ(clock.run(look_now_and_then(clock, directory_ / "console")), "early late");
}

// As a log keeper does: at the start, and when the file has become large.
Task<std::string> look_at_replacements(FakeClock& clock, fs::path path) {
  FollowedFile file(clock.executor(), path, Millis(5));
  AppendFile::open(path).append("one ", Durability::plain);
  std::string bytes;
  for (const char* more : {"two ", "three"}) {
    bytes += co_await file.next();
    fs::rename(path, path.string() + ".0");
    AppendFile::open(path).append(more, Durability::plain);
  }
  file.writer_gone();
  for (std::string rest = co_await file.next(); !rest.empty(); rest = co_await file.next()) bytes += rest;
  co_return bytes;
}

TEST_F(Files, OfOtherHostsMayBeReplaced) {
  write_file(directory_ / "console", "");
  FakeClock clock;
  EXPECT_EQ(clock.run(look_at_replacements(clock, directory_ / "console")), "one two three");
}

Task<std::string> follow_nothing(FakeClock& clock, fs::path path) {
  FollowedFile file(clock.executor(), path);
  Task<std::string> waiting = file.next();
  Task<void> patience = clock.until(clock.now() + Millis(1000));
  auto first = co_await race(std::move(waiting), std::move(patience));
  co_return first.index() == 1 ? "cancelled" : "read";
}

TEST_F(Files, FollowingCanBeCancelled) {
  write_file(directory_ / "console", "");
  FakeClock clock;
  EXPECT_EQ(clock.run(follow_nothing(clock, directory_ / "console")), "cancelled");
}

TEST(HostSpeed, IsPlausible) {
  HostSpeed speed = measure_host_speed();
  EXPECT_GT(speed.tsc_khz, 500'000u);
  EXPECT_LT(speed.tsc_khz, 10'000'000u);
  EXPECT_GT(speed.slowness, 0.05);
  EXPECT_LT(speed.slowness, 100);
}

}  // namespace
}  // namespace kverdict
