#include "runners/libvirt/ground.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

class Ground : public testing::Test {
 protected:
  void SetUp() override {
    state_ = fs::temp_directory_path() / ("kv-ground-" + std::to_string(::getpid()));
    options_.uri = "test:///default";
    options_.state_directory = state_;
  }
  void TearDown() override { fs::remove_all(state_); }
  fs::path state_;
  LibvirtOptions options_;
};

// Looks like a QEMU that the embedded driver with this root started.
pid_t start_lookalike(const fs::path& root) {
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  std::string secret = "{\"file\":\"" + root.string() + "/lib/qemu/domain-1-kverdict-x/master-key.aes\"}";
  ::execl("/bin/sh", "sh", "-c", "kill -STOP $$", "-name", "guest=kverdict-x", "-object", secret.c_str(),
          nullptr);
  ::_exit(127);
}

void wait_until_it_shows(pid_t pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/cmdline";
  while (read_file(path, 1 << 16).find("guest=") == std::string::npos) ::sched_yield();
}

TEST_F(Ground, GivesEachSessionASlotOfItsOwn) {
  auto first = prepare_process_for_libvirt(options_);
  auto second = prepare_process_for_libvirt(options_);
  EXPECT_NE(first.slot(), second.slot());
  EXPECT_FALSE(slot_is_free(first.slot()));
}

TEST_F(Ground, TakesASlotAgainWhenItsSessionIsGone) {
  fs::path slot;
  {
    auto first = prepare_process_for_libvirt(options_);
    slot = first.slot();
  }
  EXPECT_TRUE(slot_is_free(slot));
  EXPECT_EQ(prepare_process_for_libvirt(options_).slot(), slot);
}

TEST_F(Ground, KeepsSocketPathsShort) {
  options_.state_directory = state_ / std::string(120, 'x');
  auto ground = prepare_process_for_libvirt(options_);
  std::string longest =
      (ground.slot() / "lib/qemu/domain-100000-kverdict-0123456789ab/monitor.sock").string();
  EXPECT_LT(longest.size(), 108u);
  fs::remove_all(ground.slot().parent_path());
}

TEST_F(Ground, EndsGuestsOfItsRootOnly) {
  pid_t ours = start_lookalike("/tmp/kv-root/7");
  pid_t theirs = start_lookalike("/tmp/kv-root/70");
  wait_until_it_shows(ours);
  wait_until_it_shows(theirs);
  EXPECT_EQ(end_guests_of("/tmp/kv-root/7"), 1u);
  int status = 0;
  EXPECT_EQ(::waitpid(ours, &status, 0), ours);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(::waitpid(theirs, &status, WNOHANG), 0);
  ::kill(theirs, SIGKILL);
  ::waitpid(theirs, &status, 0);
}

TEST_F(Ground, EndsTheGuestsOfADeadSessionWhenItsSlotIsTaken) {
  fs::path slot;
  {
    auto first = prepare_process_for_libvirt(options_);
    slot = first.slot();
  }
  pid_t orphan = start_lookalike(slot);
  wait_until_it_shows(orphan);
  auto next = prepare_process_for_libvirt(options_);
  EXPECT_EQ(next.swept(), 1u);
  ::waitpid(orphan, nullptr, 0);
}

TEST_F(Ground, EndsGuestsOfDeadNeighboursButNotOfLiveOnes) {
  auto live = prepare_process_for_libvirt(options_);
  auto own = prepare_process_for_libvirt(options_);
  fs::path dead = own.slot().parent_path() / "200";
  make_dirs(dead);
  write_file(dead / "lock", "");
  pid_t of_live = start_lookalike(live.slot());
  pid_t of_dead = start_lookalike(dead);
  wait_until_it_shows(of_live);
  wait_until_it_shows(of_dead);
  EXPECT_EQ(end_guests_of_dead_neighbours(own.slot()), 1u);
  ::waitpid(of_dead, nullptr, 0);
  EXPECT_EQ(::waitpid(of_live, nullptr, WNOHANG), 0);
  ::kill(of_live, SIGKILL);
  ::waitpid(of_live, nullptr, 0);
}

}  // namespace
}  // namespace kverdict
