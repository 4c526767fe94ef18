#include "orchestrator/sources/package/package_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/sources/package/package_codec.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

OfferedFile deb(const std::string& name, const std::string& version,
                const std::string& architecture = "amd64") {
  OfferedFile offered;
  offered.file.name = name;
  offered.file.version = version;
  offered.file.architecture = architecture;
  offered.file.where = "/pool/" + name + ".deb";
  return offered;
}

OfferedFile rpm(const std::string& name, const std::string& version) {
  auto offered = deb(name, version, "x86_64");
  offered.kind = PackageKind::rpm;
  return offered;
}

std::vector<std::string> versions(const std::vector<Package>& packages) {
  std::vector<std::string> all;
  for (const auto& package : packages) all.push_back(package.version);
  return all;
}

std::string complaint(const std::vector<OfferedFile>& offered, const std::string& flavour = "") {
  try {
    assemble(offered, flavour);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "none";
}

TEST(PackageList, StandsInTheOrderOfVersionsNotOfText) {
  const auto list =
      assemble({deb("linux-image-6.1.0-10-amd64", "6.1.38-1"), deb("linux-image-6.1.0-9-amd64", "6.1.27-1"),
                deb("linux-image-6.1.0-13-amd64", "6.1.55-1"), deb("linux-image-6.1.0-7-amd64", "6.1.9-1")},
               "");
  EXPECT_THAT(versions(list), ElementsAre("6.1.9-1", "6.1.27-1", "6.1.38-1", "6.1.55-1"));
}

TEST(PackageList, TakesSignedAndUnsignedTwinsForOneKernel) {
  auto unsigned_twin = deb("linux-image-6.1.0-50-amd64-unsigned", "6.1.176-1");
  unsigned_twin.suites = {"bookworm"};
  auto signed_twin = deb("linux-image-6.1.0-50-amd64", "6.1.176-1");
  signed_twin.suites = {"bookworm-security"};
  for (const auto& both :
       {std::vector{unsigned_twin, signed_twin}, std::vector{signed_twin, unsigned_twin}}) {
    const auto list = assemble(both, "");
    ASSERT_EQ(list.size(), 1U);
    ASSERT_EQ(list[0].files.size(), 1U);
    EXPECT_EQ(list[0].files[0].name, "linux-image-6.1.0-50-amd64");
    EXPECT_THAT(list[0].suites, ElementsAre("bookworm", "bookworm-security"));
  }
}

TEST(PackageList, KeepsAnUnsignedKernelThatHasNoTwin) {
  EXPECT_EQ(assemble({deb("linux-image-6.1.0-50-amd64-unsigned", "6.1.176-1")}, "")[0].release,
            "6.1.0-50-amd64");
}

TEST(PackageList, RefusesAMixtureOfFlavoursAndNamesThem) {
  const std::vector<OfferedFile> mixed = {deb("linux-image-6.1.0-50-amd64", "6.1.176-1"),
                                          deb("linux-image-6.1.0-50-rt-amd64", "6.1.176-1"),
                                          deb("linux-image-6.1.0-49-rt-amd64", "6.1.174-1")};
  EXPECT_THAT(complaint(mixed), testing::AllOf(HasSubstr("amd64, rt-amd64"), HasSubstr("source.flavour")));
  EXPECT_THAT(versions(assemble(mixed, "rt-amd64")), ElementsAre("6.1.174-1", "6.1.176-1"));
  EXPECT_THAT(complaint(mixed, "cloud-amd64"),
              testing::AllOf(HasSubstr("cloud-amd64"), HasSubstr("amd64, rt-amd64")));
}

TEST(PackageList, RefusesOtherMachinesAndMixedKinds) {
  EXPECT_THAT(complaint({deb("linux-image-6.1.0-50-arm64", "6.1.176-1", "arm64")}), HasSubstr("arm64"));
  EXPECT_THAT(complaint({deb("linux-image-6.1.0-50-amd64", "6.1.176-1"), rpm("kernel-core", "5.14.0-1.el9")}),
              HasSubstr("mixes deb and rpm"));
}

TEST(PackageList, RefusesTwoKernelsOfOneVersion) {
  EXPECT_THAT(complaint({deb("linux-image-6.1.0-50-amd64", "6.1.176-1"),
                         deb("linux-image-6.1.0-51-amd64", "6.1.176-1")}),
              testing::AllOf(HasSubstr("6.1.0-50"), HasSubstr("6.1.0-51")));
}

TEST(PackageList, PutsModulesToTheirKernel) {
  const auto list = assemble({rpm("kernel-modules", "5.14.0-2.el9"), rpm("kernel", "5.14.0-2.el9"),
                              rpm("kernel-core", "5.14.0-2.el9"), rpm("kernel-modules-core", "5.14.0-2.el9")},
                             "");
  ASSERT_EQ(list.size(), 1U);
  std::vector<std::string> names;
  for (const auto& file : list[0].files) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("kernel-core", "kernel-modules", "kernel-modules-core"));
  EXPECT_THAT(complaint({rpm("kernel-modules", "5.14.0-2.el9")}), HasSubstr("without their kernel"));
}

TEST(PackageList, IsTheSameAfterItWasKeptAsText) {
  auto list = assemble({rpm("kernel-core", "5.14.0-2.el9"), rpm("kernel-core", "5.14.0-1.el9")}, "");
  list[0].suites = {"a", "b"};
  list[0].files[0].sha256 = std::string(64, 'a');
  list[0].files[0].size = 12345;
  EXPECT_EQ(decode_packages(encode_packages(list), "list"), list);
  for (const char* text :
       {"", "[]", "{}", "{\"format\":1}", "{\"format\":2,\"kind\":\"deb\",\"packages\":[]}",
        "{\"format\":1,\"kind\":\"deb\",\"packages\":[{}]}"})
    EXPECT_THROW(decode_packages(text, "list"), UsageError) << text;
}

}  // namespace
}  // namespace kverdict
