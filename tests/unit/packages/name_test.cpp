#include <gtest/gtest.h>

#include "orchestrator/sources/package/package.hpp"
#include "orchestrator/sources/package/version_order.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

KernelName deb(const std::string& name) {
  PackageFile file;
  file.name = name;
  return kernel_name(PackageKind::deb, file);
}

KernelName rpm(const std::string& name, const std::string& version) {
  PackageFile file;
  file.name = name;
  file.version = version;
  file.architecture = "x86_64";
  return kernel_name(PackageKind::rpm, file);
}

TEST(KernelName, TellsReleaseAndFlavourOfDebianKernels) {
  struct Row {
    const char *name, *release, *flavour;
    bool is_unsigned;
  };
  for (const auto& row : {
           Row{"linux-image-6.1.0-50-cloud-amd64", "6.1.0-50-cloud-amd64", "cloud-amd64", false},
           Row{"linux-image-6.1.0-50-cloud-amd64-unsigned", "6.1.0-50-cloud-amd64", "cloud-amd64", true},
           Row{"linux-image-6.1.0-50-rt-amd64", "6.1.0-50-rt-amd64", "rt-amd64", false},
           Row{"linux-image-6.12.117+deb12-amd64", "6.12.117+deb12-amd64", "amd64", false},
           Row{"linux-image-6.1.0-0.deb11.6-amd64", "6.1.0-0.deb11.6-amd64", "amd64", false},
           Row{"linux-image-6.10-rc5-amd64", "6.10-rc5-amd64", "amd64", false},
           Row{"linux-image-unsigned-5.15.0-91-generic", "5.15.0-91-generic", "generic", true},
           Row{"linux-image-6.6.1", "6.6.1", "", false},
           Row{"proxmox-kernel-6.8.4-2-pve-signed", "6.8.4-2-pve", "pve", false},
       }) {
    const auto name = deb(row.name);
    EXPECT_EQ(name.role, PackageRole::kernel) << row.name;
    EXPECT_EQ(name.release, row.release);
    EXPECT_EQ(name.flavour, row.flavour) << row.name;
    EXPECT_EQ(name.unsigned_twin, row.is_unsigned) << row.name;
  }
}

TEST(KernelName, KnowsWhatIsNoKernel) {
  for (const char* name :
       {"linux-image-cloud-amd64", "linux-headers-6.1.0-50-amd64", "linux-image-6.1.0-50-cloud-amd64-dbg",
        "linux-libc-dev", "bash", "", "linux-image-"})
    EXPECT_EQ(deb(name).role, PackageRole::other) << name;
  for (const char* name : {"kernel-devel", "kernel-headers", "kernel-debuginfo", "kernel-tools", "bash",
                           "kernel-debuginfo-common-x86_64", "kernel-rt-devel"})
    EXPECT_EQ(rpm(name, "5.14.0-1.el9").role, PackageRole::other) << name;
}

TEST(KernelName, PutsTheModulesOfAKernelToItsFlavour) {
  EXPECT_EQ(deb("linux-modules-5.15.0-91-generic").role, PackageRole::modules);
  EXPECT_EQ(deb("linux-modules-extra-5.15.0-91-generic").release, "5.15.0-91-generic");
  const auto core = rpm("kernel-rt-core", "1:5.14.0-362.el9");
  const auto modules = rpm("kernel-rt-modules-core", "1:5.14.0-362.el9");
  EXPECT_EQ(core.role, PackageRole::kernel);
  EXPECT_EQ(modules.role, PackageRole::modules);
  EXPECT_EQ(core.flavour, "kernel-rt");
  EXPECT_EQ(modules.flavour, "kernel-rt");
  EXPECT_EQ(core.release, "5.14.0-362.el9.x86_64");
}

TEST(FileName, SplitsNamesOfBothKinds) {
  const auto deb_file = read_file_name(
      "http://a.example/pool/linux-image-6.12.117%2bdeb12-amd64_6.12.117-1%7edeb12u1_amd64.deb?x=1");
  EXPECT_EQ(deb_file.kind, PackageKind::deb);
  EXPECT_EQ(deb_file.file.name, "linux-image-6.12.117+deb12-amd64");
  EXPECT_EQ(deb_file.file.version, "6.12.117-1~deb12u1");
  EXPECT_EQ(deb_file.file.architecture, "amd64");
  const auto rpm_file = read_file_name("/srv/kernel-core-5.14.0-362.8.1.el9_3.x86_64.rpm");
  EXPECT_EQ(rpm_file.file.name, "kernel-core");
  EXPECT_EQ(rpm_file.file.version, "5.14.0-362.8.1.el9_3");
  EXPECT_EQ(rpm_file.file.architecture, "x86_64");
}

TEST(FileName, RefusesWhatIsNoPackageName) {
  for (const char* name :
       {"x.deb", "x_1.deb", "_1_amd64.deb", "kernel.rpm", "kernel-1.x86_64.rpm", "a.tar.gz", ""})
    EXPECT_THROW(read_file_name(name), UsageError) << name;
}

TEST(VersionOrder, IsTheDistributionsOwn) {
  struct Row {
    PackageKind kind;
    const char *older, *newer;
  };
  const auto deb_kind = PackageKind::deb;
  const auto rpm_kind = PackageKind::rpm;
  for (const auto& row : {
           Row{deb_kind, "6.1.9-1", "6.1.10-1"},
           Row{deb_kind, "6.12.117-1~deb12u1", "6.12.117-1"},
           Row{deb_kind, "6.1~rc3-1", "6.1-1"},
           Row{deb_kind, "9:6.1-1", "10:5.0-1"},
           Row{deb_kind, "6.1.176-1", "6.1.176-1+deb12u1"},
           Row{deb_kind, "6.1.192-1", "6.1.192-2"},
           Row{rpm_kind, "5.14.0-362.8.1.el9_3", "5.14.0-362.13.1.el9_3"},
           Row{rpm_kind, "5.14.0-70.el9", "5.14.0-70.1.el9"},
           Row{rpm_kind, "6.1~rc3-1", "6.1-1"},
           Row{rpm_kind, "6.1-1", "6.1^git1-1"},
           Row{rpm_kind, "6.1-1", "1:5.0-1"},
       }) {
    EXPECT_TRUE(compare_versions(row.kind, row.older, row.newer) < 0) << row.older << " " << row.newer;
    EXPECT_TRUE(compare_versions(row.kind, row.newer, row.older) > 0) << row.older << " " << row.newer;
    EXPECT_TRUE(compare_versions(row.kind, row.older, row.older) == 0);
  }
}

}  // namespace
}  // namespace kverdict
