#include "runners/libvirt/domain_xml.hpp"

#include <gmock/gmock.h>

#include "runners/error.hpp"
#include "runners/libvirt/options.hpp"

namespace kverdict {
namespace {

using testing::HasSubstr;
using testing::Not;

BootSpec spec() {
  BootSpec boot;
  boot.label = "s1-7";
  boot.image.kernel = "/k/vmlinux";
  boot.initramfs = "/k/init.cpio";
  boot.cmdline = "panic=1";
  return boot;
}

DomainFacts facts() {
  DomainFacts known;
  known.emulator = "/usr/bin/qemu-system-x86_64";
  known.console = "/b/serial.log";
  known.owner = "lab1:/state/vm/0";
  known.tsc_khz = 2596144;
  return known;
}

TEST(DomainXml, HasWhatABootNeedsAndNothingElse) {
  std::string xml = domain_xml(spec(), facts());
  EXPECT_THAT(xml, HasSubstr("<domain type='qemu'"));
  EXPECT_THAT(xml, HasSubstr("<name>kverdict-s1-7</name>"));
  EXPECT_THAT(xml, HasSubstr("<memory unit='MiB'>256</memory>"));
  EXPECT_THAT(xml, HasSubstr("<vcpu>1</vcpu>"));
  EXPECT_THAT(xml, HasSubstr("<kernel>/k/vmlinux</kernel>"));
  EXPECT_THAT(xml, HasSubstr("<initrd>/k/init.cpio</initrd>"));
  EXPECT_THAT(xml, HasSubstr("<on_reboot>destroy</on_reboot>"));
  EXPECT_THAT(xml, HasSubstr("<on_crash>destroy</on_crash>"));
  EXPECT_THAT(xml, HasSubstr("<controller type='usb' model='none'/>"));
  EXPECT_THAT(xml, HasSubstr("<memballoon model='none'/>"));
  EXPECT_THAT(xml, HasSubstr("<serial type='file'><source path='/b/serial.log' append='off'/>"));
  EXPECT_THAT(xml, HasSubstr("lab1:/state/vm/0</kverdict:owner>"));
  EXPECT_THAT(xml, HasSubstr("<qemu:del capability='cpu-unavailable-features'/>"));
  EXPECT_THAT(xml, Not(HasSubstr("<panic")));
  EXPECT_THAT(xml, Not(HasSubstr("qemu:arg")));
  EXPECT_THAT(xml, Not(HasSubstr("<loader")));
}

TEST(DomainXml, EscapesEveryValue) {
  BootSpec hostile = spec();
  hostile.image.kernel = "/k/<a>&'\".img";
  hostile.cmdline = "x='<&>\"'\x01 y";
  std::string xml = domain_xml(hostile, facts());
  EXPECT_THAT(xml, HasSubstr("/k/&lt;a&gt;&amp;&apos;&quot;.img"));
  EXPECT_THAT(xml, HasSubstr("x=&apos;&lt;&amp;&gt;&quot;&apos; y"));
}

TEST(DomainXml, LeavesTheInitramfsOutWhenThereIsNone) {
  BootSpec bare = spec();
  bare.initramfs.clear();
  EXPECT_THAT(domain_xml(bare, facts()), Not(HasSubstr("<initrd>")));
}

TEST(DomainXml, PutsNicsOnTheRootBusInOrder) {
  BootSpec networked = spec();
  networked.shape.nics = {{NicModel::virtio, NicLink::user}, {NicModel::vmxnet3, NicLink::user}};
  std::string xml = domain_xml(networked, facts());
  EXPECT_THAT(xml, HasSubstr("user,id=kvnet0"));
  EXPECT_THAT(xml,
              HasSubstr("virtio-net-pci,netdev=kvnet0,mac=52:54:00:4b:56:00,bus=pci.0,addr=0x10,romfile="));
  EXPECT_THAT(xml, HasSubstr("vmxnet3,netdev=kvnet1,mac=52:54:00:4b:56:01,bus=pci.0,addr=0x11,romfile="));
  DomainFacts q35 = facts();
  q35.machine = "pc-q35-7.2";
  EXPECT_THAT(domain_xml(networked, q35), HasSubstr("bus=pcie.0"));
}

TEST(DomainXml, JoinsWiresInPairs) {
  BootSpec wired = spec();
  wired.shape.nics = {{NicModel::e1000, NicLink::wire},
                      {NicModel::virtio, NicLink::user},
                      {NicModel::e1000, NicLink::wire},
                      {NicModel::rtl8139, NicLink::wire},
                      {NicModel::e1000e, NicLink::wire}};
  std::string xml = domain_xml(wired, facts());
  EXPECT_THAT(xml, HasSubstr("hubport,id=kvnet0,hubid=0"));
  EXPECT_THAT(xml, HasSubstr("hubport,id=kvnet2,hubid=0"));
  EXPECT_THAT(xml, HasSubstr("hubport,id=kvnet3,hubid=1"));
  EXPECT_THAT(xml, HasSubstr("hubport,id=kvnet4,hubid=1"));
  wired.shape.nics.pop_back();
  EXPECT_THROW(domain_xml(wired, facts()), UsageError);
}

TEST(DomainXml, RefusesMoreNicsThanFit) {
  BootSpec crowded = spec();
  crowded.shape.nics.resize(9);
  EXPECT_THROW(domain_xml(crowded, facts()), UsageError);
}

TEST(DomainXml, FollowsTheAcceleration) {
  DomainFacts kvm = facts();
  kvm.type = "kvm";
  EXPECT_THAT(domain_xml(spec(), kvm), HasSubstr("host-passthrough"));
  EXPECT_THAT(domain_xml(spec(), facts()), HasSubstr("<cpu mode='maximum'/>"));
}

TEST(KernelCmdline, AddsConsoleAndClockRate) {
  EXPECT_EQ(kernel_cmdline(spec(), facts()), "console=ttyS0 tsc_early_khz=2596144 no_timer_check panic=1");
}

TEST(KernelCmdline, DoublesNothing) {
  BootSpec given = spec();
  given.cmdline = "console=tty0 console=ttyS0,115200 tsc_early_khz=1000000 no_timer_check panic=1";
  EXPECT_EQ(kernel_cmdline(given, facts()), given.cmdline);
}

TEST(KernelCmdline, TakesOnlyWholeWordsForItsOwn) {
  BootSpec other = spec();
  other.cmdline = "xconsole=ttyS0";
  DomainFacts hardware = facts();
  hardware.tsc_khz = 0;
  EXPECT_EQ(kernel_cmdline(other, hardware), "console=ttyS0 xconsole=ttyS0");
}

TEST(LibvirtUri, SaysWhereItsMachinesRun) {
  EXPECT_EQ(place_of("qemu:///embed"), LibvirtPlace::embedded);
  EXPECT_EQ(place_of("qemu:///embed?root=/x"), LibvirtPlace::embedded);
  EXPECT_EQ(place_of("qemu:///session"), LibvirtPlace::local);
  EXPECT_EQ(place_of("qemu:///system"), LibvirtPlace::local);
  EXPECT_EQ(place_of("qemu+ssh://lab@host/system"), LibvirtPlace::remote);
  EXPECT_EQ(place_of("test:///default"), LibvirtPlace::test);
}

}  // namespace
}  // namespace kverdict
