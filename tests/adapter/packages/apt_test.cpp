#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "made_packages.hpp"
#include "orchestrator/images/digest.hpp"
#include "orchestrator/sources/package/apt_archive.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// An archive on this host, as apt reads it.
class Apt : public testing::Test {
 protected:
  Apt() {
    for (const char* release : {"6.1.0-9-amd64", "6.1.0-10-amd64", "6.1.0-10-rt-amd64", "6.12.3+deb12-amd64"})
      add_kernel(release);
    add_record("linux-image-amd64", "6.1.10-1", "linux-image-6.1.0-10-amd64 (= 6.1.10-1)");
    add_record("linux-image-6.12-amd64", "6.12.3-1", "linux-image-6.12.3+deb12-amd64");
    add_record("bash", "5.2-1", "libc6");
    write_indexes();
  }

  void add_kernel(const std::string& release) {
    test::DebSpec spec;
    spec.name = "linux-image-" + release;
    const auto dash = release.find('-');
    spec.version = release.starts_with("6.12")
                       ? "6.12.3-1"
                       : "6.1." + std::to_string(std::atoi(release.c_str() + dash + 1)) + "-1";
    make_dirs(archive() / "pool");
    const auto path = test::make_deb(archive() / "pool", spec);
    packages_ += "Package: " + spec.name + "\nVersion: " + spec.version +
                 "\nArchitecture: amd64\nFilename: pool/" + path.filename().string() +
                 "\nSize: " + std::to_string(fs::file_size(path)) + "\nSHA256: " + digest_of_file(path) +
                 "\n\n";
  }
  void add_record(const std::string& name, const std::string& version, const std::string& depends) {
    packages_ += "Package: " + name + "\nVersion: " + version + "\nArchitecture: amd64\nDepends: " + depends +
                 "\nFilename: pool/" + name + ".deb\nSize: 1\nSHA256: " + std::string(64, 'a') + "\n\n";
  }
  void write_indexes() {
    const auto folder = archive() / "dists/test/main/binary-amd64";
    make_dirs(folder);
    write_file(folder / "Packages", packages_);
    release_ =
        "Origin: T\nSuite: test\nCodename: test\nDate: Sat, 01 Jan 2022 00:00:00 UTC\nArchitectures: "
        "amd64\nComponents: main\nSHA256:\n " +
        digest_of(packages_) + " " + std::to_string(packages_.size()) + " main/binary-amd64/Packages\n";
    write_file(archive() / "dists/test/Release", release_);
  }

  fs::path archive() const { return directory_.path() / "archive"; }
  AptOffer offer(const std::vector<std::string>& names, const std::string& options = "trusted=yes") const {
    AptSettings settings;
    settings.archives = {"deb [" + options + "] file:" + archive().string() + " test main"};
    settings.directory = directory_.path() / "apt";
    return offered_by_apt(settings, names);
  }
  std::vector<std::string> names(const std::string& wish) const {
    std::vector<std::string> all;
    for (const auto& file : offer({wish}).files) all.push_back(file.file.name);
    std::sort(all.begin(), all.end());
    return all;
  }
  std::string complaint(const std::string& wish, const std::string& options = "trusted=yes") const {
    try {
      offer({wish}, options);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "none";
  }

  TemporaryDirectory directory_;
  std::string packages_, release_;
};

TEST_F(Apt, AMetapackageStandsForTheKernelsOfItsFlavourAndSeries) {
  EXPECT_THAT(names("linux-image-amd64"),
              testing::ElementsAre("linux-image-6.1.0-10-amd64", "linux-image-6.1.0-9-amd64",
                                   "linux-image-6.12.3+deb12-amd64"));
  EXPECT_THAT(names("linux-image-6.12-amd64"), testing::ElementsAre("linux-image-6.12.3+deb12-amd64"));
  EXPECT_THAT(names("linux-image-6.1.0-*-amd64"),
              testing::ElementsAre("linux-image-6.1.0-10-amd64", "linux-image-6.1.0-10-rt-amd64",
                                   "linux-image-6.1.0-9-amd64"));
  const auto one = offer({"linux-image-6.1.0-9-amd64"}).files;
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].file.version, "6.1.9-1");
  EXPECT_EQ(one[0].file.sha256.size(), 64U);
  EXPECT_THAT(one[0].file.where, HasSubstr("pool/linux-image-6.1.0-9-amd64"));
  EXPECT_THAT(one[0].suites, testing::ElementsAre("test"));
}

TEST_F(Apt, ANameThatNoArchiveHasIsNamedWithTheArchivesAsked) {
  EXPECT_THAT(complaint("linux-image-7.0.0-1-amd64"),
              AllOf(HasSubstr("linux-image-7.0.0-1-amd64"), HasSubstr(archive().string())));
  EXPECT_THAT(complaint("bash"), HasSubstr("bash"));
}

TEST_F(Apt, AnArchiveWithoutSignatureIsRefused) {
  EXPECT_THAT(complaint("linux-image-amd64", "check-valid-until=no"),
              AllOf(HasSubstr("source.archives"), HasSubstr("not signed")));
}

TEST_F(Apt, AnArchiveWithAWrongSignatureIsRefused) {
  write_file(archive() / "dists/test/InRelease",
             "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + release_ +
                 "-----BEGIN PGP "
                 "SIGNATURE-----\n\niHUEARYIAB0WIQQwUd8Zq7AAAAAAAAAAAAAAAAAAAAUCZ0AAAAAKCRAAAAAAAAAA\n"
                 "AAAAAP9AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAA"
                 "AA=\n=AAAA\n"
                 "-----END PGP SIGNATURE-----\n");
  EXPECT_THAT(complaint("linux-image-amd64", "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"),
              AllOf(HasSubstr("source.archives"), HasSubstr("sign")));
}

TEST_F(Apt, AnIndexThatIsNotWhatTheReleaseSaysIsRefused) {
  write_file(archive() / "dists/test/main/binary-amd64/Packages",
             packages_ + "\nPackage: evil\nVersion: 1\n");
  EXPECT_ANY_THROW(offer({"linux-image-amd64"}));
}

TEST_F(Apt, ALineThatAptDoesNotUnderstandIsNamed) {
  AptSettings settings;
  settings.archives = {"debb http://x"};
  settings.directory = directory_.path() / "apt";
  try {
    offered_by_apt(settings, {"linux-image-amd64"});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("source.archives"), HasSubstr("debb")));
  }
}

}  // namespace
}  // namespace kverdict
