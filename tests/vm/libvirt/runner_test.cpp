// Real kernels on real machines, through libvirt's embedded driver.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <vector>

#include "runners/host/files.hpp"
#include "runners/libvirt/libvirt_runner.hpp"
#include "runners/memory/kernel_log.hpp"
#include "tests/support/real_time.hpp"
#include "tests/support/runner_conformance.hpp"
#include "tests/support/test_kernel.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

LibvirtOptions test_options() {
  LibvirtOptions options;
  const char* state = std::getenv("KV_TEST_STATE");
  options.state_directory = state ? state : "/tmp/kv-test-" + std::to_string(::getuid());
  const char* uri = std::getenv("KV_TEST_URI");
  if (uri) options.uri = uri;
  options.slots = 2;
  return options;
}

// One per process: root enters its user namespace here, before there are threads.
struct Lab {
  Lab() : user(::getuid()), options(test_options()), ground(prepare_process_for_libvirt(options)) {}
  uid_t user;
  LibvirtOptions options;
  LibvirtGround ground;
};

class LibvirtBench {
 public:
  LibvirtBench() : directory_(fs::temp_directory_path() / ("kv-vm-" + std::to_string(::getpid()))) {
    static Opened opened;
    opened_ = &opened;
  }
  ~LibvirtBench() { fs::remove_all(directory_); }

  Runner& runner() { return *opened_->runner; }
  Clock& clock() { return opened_->time.clock(); }
  template <class T>
  T run(Task<T> task) {
    return opened_->time.run(std::move(task));
  }

  // No root file system: the kernel says so, panics, and resets at once or stays.
  BootSpec ends(std::string label) { return spec(std::move(label), "panic=-1"); }
  BootSpec stays(std::string label) { return spec(std::move(label), "panic=0"); }
  BootSpec cannot_start(std::string label) {
    BootSpec impossible = spec(std::move(label), "");
    impossible.image.kernel = "/no/such/vmlinux";
    return impossible;
  }
  std::string words() { return "Kernel panic - not syncing"; }
  unsigned running() {
    unsigned count = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "cmdline", std::ios::binary);
      std::string text(std::istreambuf_iterator<char>(file), {});
      if (text.find("guest=kverdict-") != std::string::npos &&
          (std::getenv("KV_TEST_URI") || text.find(opened_->slot.string() + "/") != std::string::npos))
        ++count;
    }
    return count;
  }

  BootSpec spec(std::string label, std::string cmdline) {
    BootSpec boot;
    boot.directory = directory_ / label;
    make_dirs(boot.directory);
    boot.label = std::move(label);
    boot.image.kernel = test_kernel();
    boot.image.format = KernelFormat::pvh_elf;
    boot.cmdline = std::move(cmdline);
    return boot;
  }

 private:
  struct Opened {
    Opened() {
      Lab lab;
      slot = lab.ground.slot();
      runner = time.run(LibvirtRunner::open(time.clock(), lab.options, std::move(lab.ground)));
    }
    fs::path slot;
    RealTime time;
    std::unique_ptr<LibvirtRunner> runner;
  };
  fs::path directory_;
  Opened* opened_;
};

// libvirt is opened once for all tests; without a kernel nothing is.
class NeedsKernel : public testing::Environment {
 public:
  void SetUp() override { KV_NEED_TEST_KERNEL(); }
};
[[maybe_unused]] const auto* const needs_kernel = testing::AddGlobalTestEnvironment(new NeedsKernel);

INSTANTIATE_TYPED_TEST_SUITE_P(Libvirt, RunnerConformance, LibvirtBench);

class LibvirtMachines : public testing::Test {
 protected:
  LibvirtBench bench_;
};

TEST_F(LibvirtMachines, SayTheHostsClockRate) {
  auto machine = bench_.run(bench_.runner().boot(bench_.ends("rate")));
  auto story = bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_THAT(story.console, testing::HasSubstr("tsc_early_khz="));
}

TEST_F(LibvirtMachines, AreHeardByNetconsoleToo) {
  auto spec = bench_.spec("netconsole", "panic=5 ignore_loglevel");
  spec.shape.nics = {{NicModel::e1000, NicLink::wire}, {NicModel::e1000, NicLink::wire}};
  spec.netconsole = NetconsoleUse::on;
  auto machine = bench_.run(bench_.runner().boot(spec));
  auto story = bench_.run(conformance::watch_to_the_end(*machine));
  ASSERT_TRUE(story.exit.netconsole);
  EXPECT_THAT(story.of(ConsoleSource::netconsole), testing::HasSubstr(";Linux version 6."))
      << "the whole log, from its first line on";
  EXPECT_THAT(story.of(ConsoleSource::netconsole), testing::HasSubstr(";Kernel panic - not syncing"));
  EXPECT_THAT(story.of(ConsoleSource::netconsole), testing::HasSubstr(";Rebooting in 5 seconds.."));
  EXPECT_EQ(story.exit.netconsole->lost, 0u);
  EXPECT_EQ(story.exit.netconsole->duplicates, 0u);
}

TEST_F(LibvirtMachines, TellTheKernelsLogFromTheirMemory) {
  auto spec = bench_.spec("memory", "panic=30 ignore_loglevel");
  const auto file = spec.directory / k_memory_file;
  auto machine = bench_.run(bench_.runner().boot(spec));
  const auto words = bench_.run(conformance::read_until(*machine, "Rebooting in"));
  EXPECT_TRUE(bench_.run(machine->provoke(Provocation::memory)));
  bench_.run(machine->power_off());
  auto story = bench_.run(conformance::watch_to_the_end(*machine));
  const auto log = story.of(ConsoleSource::memory);
  EXPECT_THAT(log, testing::HasSubstr(",0,0,-;Linux version 6."));
  EXPECT_THAT(log, testing::HasSubstr(";Kernel panic - not syncing"));
  EXPECT_THAT(log, testing::HasSubstr(";Rebooting in 30 seconds.."));

  // A full disk cuts it anywhere: what is left is read, or refused with a reason.
  const auto whole = read_file(file, 1 << 30);
  for (std::size_t part = 1; part < 16; ++part) {
    const auto core = CoreFile::parse(std::string_view(whole).substr(0, whole.size() * part / 16));
    if (const auto* readable = std::get_if<CoreFile>(&core)) {
      const auto read = read_kernel_log(*readable);
      if (const auto* kept = std::get_if<KernelLog>(&read)) {
        EXPECT_EQ(kept->lines, log);
      }
    }
  }
}

TEST_F(LibvirtMachines, SpeakWhenAnNmiIsInjected) {
  auto machine =
      bench_.run(bench_.runner().boot(bench_.spec("nmi", "unknown_nmi_panic=1 panic=-1 rootdelay=1000")));
  bench_.run(conformance::read_until(*machine, "Waiting 1000 sec"));
  EXPECT_TRUE(bench_.run(machine->provoke(Provocation::nmi)));
  auto story = bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_THAT(story.console, testing::HasSubstr("NMI: Not continuing"));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::powered_off);
}

TEST_F(LibvirtMachines, SpeakWhenSysrqIsSent) {
  auto spec = bench_.spec("sysrq", "sysrq_always_enabled panic=-1 rootdelay=1000");
  auto machine = bench_.run(bench_.runner().boot(spec));
  bench_.run(conformance::read_until(*machine, "Waiting 1000 sec"));
  EXPECT_TRUE(bench_.run(machine->provoke(Provocation::sysrq)));
  auto words = bench_.run(conformance::read_until(*machine, "Show Blocked State"));
  EXPECT_THAT(words, testing::HasSubstr("Show State"));
}

TEST_F(LibvirtMachines, KeepTheirNicsInOrderAndWired) {
  auto spec = bench_.spec("nics", "panic=-1");
  spec.shape.nics = {{NicModel::e1000, NicLink::wire},  {NicModel::e1000, NicLink::wire},
                     {NicModel::virtio, NicLink::user}, {NicModel::rtl8139, NicLink::user},
                     {NicModel::e1000e, NicLink::user}, {NicModel::vmxnet3, NicLink::user}};
  auto machine = bench_.run(bench_.runner().boot(spec));
  auto story = bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::powered_off) << story.exit.detail;
  EXPECT_THAT(story.console, testing::HasSubstr("0000:00:10.0"));
  EXPECT_THAT(story.console, testing::HasSubstr("0000:00:15.0"));
}

std::vector<pid_t> guests(const std::string& mark) {
  std::vector<pid_t> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (text.find("guest=kverdict-") != std::string::npos && text.find(mark) != std::string::npos)
      pids.push_back(std::stoi(entry.path().filename().string()));
  }
  return pids;
}

TEST_F(LibvirtMachines, ThatAreKilledFromOutsideAreLost) {
  auto machine = bench_.run(bench_.runner().boot(bench_.stays("killed")));
  bench_.run(conformance::read_until(*machine, bench_.words()));
  for (pid_t pid : guests("guest=kverdict-killed")) ::kill(pid, SIGKILL);
  auto story = bench_.run(conformance::watch_to_the_end(*machine));
  EXPECT_EQ(story.exit.cause, GuestExit::Cause::lost);
}

// Run by the next test in a process of its own, which is killed.
TEST_F(LibvirtMachines, DISABLED_AreUpWhenTheirOwnerIsKilled) {
  auto machine = bench_.run(bench_.runner().boot(bench_.stays("orphan")));
  bench_.run(conformance::read_until(*machine, bench_.words()));
  std::printf("orphan is up\n");
  std::fflush(stdout);
  for (;;) ::pause();
}

std::string state_of_victim() {
  return "/tmp/kv-victim-" + std::to_string(::getpid());
}

pid_t start_victim(int output) {
  const std::string state = state_of_victim();
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::dup2(output, 1);
  ::setenv("KV_TEST_STATE", state.c_str(), 1);
  ::execl("/proc/self/exe", "vm_libvirt", "--gtest_also_run_disabled_tests",
          "--gtest_filter=LibvirtMachines.DISABLED_AreUpWhenTheirOwnerIsKilled", nullptr);
  ::_exit(127);
}

bool is_gone_within(pid_t pid, int milliseconds) {
  Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  pollfd gone{process.get(), POLLIN, 0};
  return !process || ::poll(&gone, 1, milliseconds) == 1;
}

TEST_F(LibvirtMachines, DoNotOutliveAKilledOwner) {
  if (std::getenv("KV_TEST_URI")) GTEST_SKIP() << "only the embedded driver's guests belong to this process";
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd theirs(ends[1]);
  std::FILE* said = ::fdopen(ends[0], "r");
  pid_t victim = start_victim(theirs.get());
  theirs.reset();
  char line[256] = {};
  while (std::fgets(line, sizeof line, said) && std::string(line) != "orphan is up\n") {
  }
  ASSERT_STREQ(line, "orphan is up\n");
  auto orphans = guests(state_of_victim());
  ASSERT_EQ(orphans.size(), 1u);
  ::kill(victim, SIGKILL);
  ::waitpid(victim, nullptr, 0);
  EXPECT_TRUE(is_gone_within(orphans.front(), 10'000));
  std::fclose(said);
  fs::remove_all(state_of_victim());
}

}  // namespace
}  // namespace kverdict
