// libvirt's own test driver: real libvirt calls and events, no machines.
#include <gmock/gmock.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include <future>

#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/libvirt/call.hpp"
#include "runners/libvirt/kvm_probe.hpp"
#include "runners/libvirt/libvirt_runner.hpp"
#include "runners/registry.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/real_time.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TestDriver : public testing::Test {
 protected:
  void SetUp() override {
    state_ = fs::temp_directory_path() / ("kv-driver-" + std::to_string(::getpid()));
    options_.uri = "test:///default";
    options_.state_directory = state_;
  }
  void TearDown() override { fs::remove_all(state_); }

  std::unique_ptr<LibvirtRunner> open() {
    return time_.run(LibvirtRunner::open(time_.clock(), options_, prepare_process_for_libvirt(options_)));
  }
  BootSpec spec(std::string label) {
    BootSpec boot;
    boot.directory = state_ / label;
    make_dirs(boot.directory);
    boot.label = std::move(label);
    boot.image.kernel = "/k/vmlinux";
    return boot;
  }
  std::string complaint() {
    try {
      open();
    } catch (const UsageError& error) {
      return error.what();
    }
    return "none";
  }

  RealTime time_;
  fs::path state_;
  LibvirtOptions options_;
};

TEST_F(TestDriver, MachinesStartAndAreDestroyed) {
  auto runner = open();
  auto machine = time_.run(runner->boot(spec("one")));
  time_.run(machine->power_off());
  auto event = time_.run(machine->next());
  ASSERT_TRUE(std::holds_alternative<GuestExit>(event));
  EXPECT_EQ(std::get<GuestExit>(event).cause, GuestExit::Cause::destroyed);
}

TEST_F(TestDriver, DroppedMachinesAreDestroyed) {
  auto runner = open();
  auto machine = time_.run(runner->boot(spec("dropped")));
  ConnectHandle raw(virConnectOpen("test:///default"));
  DomainHandle before(virDomainLookupByName(raw.get(), "kverdict-dropped"));
  EXPECT_TRUE(before);
  machine.reset();
  DomainHandle after(virDomainLookupByName(raw.get(), "kverdict-dropped"));
  EXPECT_FALSE(after);
}

TEST_F(TestDriver, ErrorsNameHostCallAndReason) {
  auto runner = open();
  auto first = time_.run(runner->boot(spec("same")));
  try {
    time_.run(runner->boot(spec("same")));
    FAIL();
  } catch (const InfraError& error) {
    EXPECT_THAT(error.what(), HasSubstr("test:///default: virDomainCreateXML kverdict-same: "));
  }
}

TEST_F(TestDriver, TakesAnNmiButNoKeysOnItsConsole) {
  auto runner = open();
  auto machine = time_.run(runner->boot(spec("nmi")));
  EXPECT_TRUE(time_.run(machine->provoke(Provocation::nmi)));
  EXPECT_FALSE(time_.run(machine->provoke(Provocation::sysrq)));
}

void create_by_hand(virConnectPtr raw, std::string label, std::string owner) {
  BootSpec boot;
  boot.label = std::move(label);
  boot.image.kernel = "/k/vmlinux";
  DomainFacts facts;
  facts.type = "test";
  facts.machine = "";
  facts.console = "/dev/null";
  facts.owner = std::move(owner);
  DomainHandle domain(virDomainCreateXML(raw, domain_xml(boot, facts).c_str(), 0));
  ASSERT_TRUE(domain) << virGetLastErrorMessage();
}

TEST_F(TestDriver, SweepTakesDomainsOfDeadSessionsOnly) {
  auto other = prepare_process_for_libvirt(options_);
  auto runner = open();
  auto alive = time_.run(runner->boot(spec("alive")));
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  std::string here = std::string(host) + ":";
  ConnectHandle raw(virConnectOpen("test:///default"));
  create_by_hand(raw.get(), "dead", here + (state_ / "vm" / "99").string());
  create_by_hand(raw.get(), "living", here + other.slot().string());
  create_by_hand(raw.get(), "elsewhere", "another-host:" + (state_ / "vm" / "99").string());

  EXPECT_EQ(time_.run(runner->sweep()), 1u);
  EXPECT_FALSE(DomainHandle(virDomainLookupByName(raw.get(), "kverdict-dead")));
  for (const char* kept : {"kverdict-living", "kverdict-elsewhere"}) {
    DomainHandle domain(virDomainLookupByName(raw.get(), kept));
    EXPECT_TRUE(domain) << kept;
    virDomainDestroy(domain.get());
  }
  time_.run(alive->power_off());
}

TEST_F(TestDriver, IsHereButWhatIsMissingIsNamedWithItsPackage) {
  options_.uri = "vbox:///session";
  EXPECT_THAT(complaint(), HasSubstr("vbox:///session"));
  EXPECT_THAT(complaint(), HasSubstr("install the Debian package libvirt-daemon"));
}

TEST_F(TestDriver, NeedsNoEmulatorButQemuDoes) {
  options_.uri = "qemu:///session";
  options_.emulator = "/no/such/qemu";
  EXPECT_THAT(complaint(), HasSubstr("install the Debian package qemu-system-x86"));
}

TEST_F(TestDriver, IsHereButOtherHostsNeedASharedDirectory) {
  options_.uri = "qemu+ssh://lab/system";
  EXPECT_THAT(complaint(), HasSubstr("shared_directory"));
}

Task<void> call_that_hangs(FakeClock& clock, std::shared_ptr<Outlet> outlet,
                           std::shared_future<void> release) {
  auto hang = [release] { release.wait(); };
  auto calling = bounded_call(clock, Millis(60'000), "qemu:///x: virSleep", outlet, std::move(hang));
  co_await std::move(calling);
}

TEST(BoundedCall, EndsAtItsDeadline) {
  std::promise<void> release;
  FakeClock clock(Millis(20));
  auto outlet = std::make_shared<Outlet>(clock.executor());
  try {
    clock.run(call_that_hangs(clock, outlet, release.get_future().share()));
    FAIL();
  } catch (const InfraError& error) {
    EXPECT_STREQ(error.what(), "qemu:///x: virSleep: no answer within 60 s");
  }
  outlet->close();
  release.set_value();
}

TEST(KvmProbe, BelievesWhatItWroteDownForThisBoot) {
  fs::path state = fs::temp_directory_path() / ("kv-probe-" + std::to_string(::getpid()));
  make_dirs(state);
  RealTime time;
  bool first = time.run(guests_run_with_kvm(time.clock(), "/bin/false", state));
  EXPECT_FALSE(first);
  if (fs::exists(state / "kvm-probe")) {
    std::string answer = read_file(state / "kvm-probe", 4096);
    EXPECT_THAT(answer, testing::EndsWith("no\n"));
    answer.replace(answer.size() - 3, 3, "yes\n");
    write_file(state / "kvm-probe", answer);
    EXPECT_TRUE(time.run(guests_run_with_kvm(time.clock(), "/bin/false", state)));
  }
  fs::remove_all(state);
}

TEST(Registry, NamesTheKindsThereAre) {
  try {
    prepare_runner("vmware", {});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("libvirt, replay"));
  }
}

TEST_F(TestDriver, OpensThroughTheRegistry) {
  RunnerSettings settings;
  settings.libvirt = options_;
  auto opener = prepare_runner("libvirt", settings);
  auto runner = time_.run(opener(time_.clock()));
  EXPECT_EQ(runner->traits().name, "test:///default");
}

}  // namespace
}  // namespace kverdict
