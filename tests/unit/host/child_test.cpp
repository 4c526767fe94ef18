#include "runners/host/child.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/host/race.hpp"
#include "runners/host/steady_clock.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Children are real, so time may only jump when they have nothing to say for a while.
constexpr Millis k_patience{150};

Command shell(std::string script) {
  Command command;
  command.argv = {"sh", "-c", std::move(script)};
  return command;
}

ChildEnd run(Command command) {
  FakeClock clock(k_patience);
  return clock.run(run_child(clock, std::move(command)));
}

bool alive(pid_t pid) {
  auto stat = read_file_if_there("/proc/" + std::to_string(pid) + "/stat", 4096);
  return stat && stat->find(") Z") == std::string::npos;
}

TEST(Child, ReportsExitCodeAndOutputOfBothStreams) {
  ChildEnd end = run(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(end.how, ChildEnd::How::exited);
  EXPECT_EQ(end.code, 3);
  EXPECT_EQ(end.output, "out\nerr\n");
  EXPECT_FALSE(end.ok());
}

TEST(Child, ReportsTheSignalThatEndedIt) {
  ChildEnd end = run(shell("kill -9 $$"));
  EXPECT_EQ(end.how, ChildEnd::How::signalled);
  EXPECT_EQ(end.code, SIGKILL);
}

TEST(Child, KeepsTheTailOfLongOutput) {
  Command command = shell("seq 1 20000; echo last");
  command.capture_limit = 100;
  ChildEnd end = run(command);
  EXPECT_EQ(end.output.size(), 100u);
  EXPECT_THAT(end.output, testing::EndsWith("19999\n20000\nlast\n"));
}

TEST(Child, ReadsItsInput) {
  Command command;
  command.argv = {"cat"};
  command.input = std::string(300'000, 'x');
  EXPECT_EQ(run(command).output, *command.input);
}

TEST(Child, HasAnEmptyInputByDefault) {
  EXPECT_EQ(run(shell("wc -c")).output, "0\n");
}

TEST(Child, WritesToAFile) {
  std::filesystem::path file = testing::TempDir() + "kv_child_output";
  write_file(file, "old content that is longer");
  Command command = shell("echo fresh");
  command.output = file;
  EXPECT_EQ(run(command).output, "");
  EXPECT_EQ(read_file(file, 1000), "fresh\n");
}

TEST(Child, SeesDirectoryEnvironmentAndNiceness) {
  Command command = shell("pwd; echo $KV_ONE $HOME; nice");
  command.directory = "/usr";
  command.env = {{"KV_ONE", "1"}, {"HOME", "/nowhere"}};
  command.niceness = 7;
  const int nice = std::min(::getpriority(PRIO_PROCESS, 0) + 7, 19);
  EXPECT_EQ(run(command).output, "/usr\n1 /nowhere\n" + std::to_string(nice) + "\n");
}

TEST(Child, KeepsItsErrorsApartWhenAsked) {
  TemporaryDirectory directory;
  Command command = shell("echo answer; echo complaint >&2");
  command.errors = directory.path() / "errors";
  EXPECT_EQ(run(command).output, "answer\n");
  EXPECT_EQ(read_file(command.errors, 1000), "complaint\n");
}

TEST(Child, CanBeRunByADestructor) {
  Command command = shell("exit 0");
  command.limit = Millis(60'000);
  EXPECT_TRUE(run_child_blocking(command));
  EXPECT_FALSE(run_child_blocking([&] {
    Command failing = command;
    failing.argv.back() = "exit 3";
    return failing;
  }()));
  Command endless = shell("sleep 1000");
  endless.limit = Millis(50);
  EXPECT_FALSE(run_child_blocking(endless));
  Command missing = command;
  missing.argv = {"/no/such/program"};
  EXPECT_FALSE(run_child_blocking(missing));
}

TEST(Child, InheritsNoDescriptors) {
  Fd held = open_file("/dev/null", O_RDONLY);
  int leaky = ::dup(held.get());
  Command command;
  command.argv = {"ls", "/proc/self/fd"};
  ChildEnd end = run(command);
  ::close(leaky);
  EXPECT_EQ(end.output, "0\n1\n2\n3\n");  // 3 is the directory that ls reads
}

TEST(Child, IsNamedWhenItDoesNotExist) {
  Command command;
  command.argv = {"kv-no-such-tool", "--version"};
  try {
    run(command);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("kv-no-such-tool"));
  }
}

TEST(Child, WhoseDirectoryIsMissingIsALabError) {
  Command command = shell("true");
  command.directory = "/no/such/directory";
  EXPECT_THROW(run(command), InfraError);
}

TEST(Child, PastItsLimitIsAskedToEnd) {
  Command command = shell("trap 'echo bye; exit 0' TERM; while :; do sleep 100 & wait; done");
  command.limit = 300s;
  ChildEnd end = run(command);
  EXPECT_EQ(end.how, ChildEnd::How::timed_out);
  EXPECT_EQ(end.output, "bye\n");
}

TEST(Child, ThatDoesNotListenIsKilledWithItsGroup) {
  Command command = shell("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000");
  command.limit = 300s;
  ChildEnd end = run(command);
  EXPECT_EQ(end.how, ChildEnd::How::timed_out);
  EXPECT_FALSE(alive(std::stoi(end.output)));
}

TEST(Child, LeavesNoProcessBehind) {
  ChildEnd end = run(shell("sleep 1000 >/dev/null 2>&1 & echo $!"));
  EXPECT_TRUE(end.ok());
  EXPECT_FALSE(alive(std::stoi(end.output)));
}

Task<void> wait_for_content(Clock& clock, std::filesystem::path file) {
  while (read_file_if_there(file, 100).value_or("").empty()) co_await clock.until(clock.now() + 20ms);
}

TEST(Child, EndsWhenItsTaskIsCancelled) {
  std::filesystem::path file = testing::TempDir() + "kv_child_cancelled";
  std::filesystem::remove(file);
  FakeClock clock(k_patience);
  Command command = shell("sleep 1000 & echo $! > " + file.string() + "; wait");
  auto result = clock.run(race(run_child(clock, command), wait_for_content(clock, file)));
  EXPECT_EQ(result.index(), 1u);
  EXPECT_FALSE(alive(std::stoi(read_file(file, 100))));
}

TEST(Child, EndsWhenItsOwnerIsGone) {
  std::filesystem::path file = testing::TempDir() + "kv_child_orphaned";
  std::filesystem::remove(file);
  {
    FakeClock clock(k_patience);
    Command command = shell("sleep 1000 & echo $! > " + file.string() + "; wait");
    boost::asio::co_spawn(clock.context(), run_child(clock, command), [](std::exception_ptr, ChildEnd) {});
    clock.run(wait_for_content(clock, file));
  }
  EXPECT_FALSE(alive(std::stoi(read_file(file, 100))));
}

}  // namespace
}  // namespace kverdict
