#include "orchestrator/images/package_provider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "made_packages.hpp"
#include "orchestrator/images/digest.hpp"
#include "orchestrator/sources/package/package_list.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "tests/support/real_time.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using test::DebSpec;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

std::string gzip(const std::string& bytes) {
  std::string packed(bytes.size() + 1000, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

class Provider : public testing::Test {
 protected:
  fs::path deb(unsigned number, const std::string& kernel, const std::string& config = test::good_config()) {
    DebSpec spec;
    spec.name = "linux-image-" + release(number);
    spec.version = "6.1." + std::to_string(number) + "-1";
    spec.files = test::kernel_files(release(number), kernel, config);
    make_dirs(directory_.path() / "debs");
    return test::make_deb(directory_.path() / "debs", spec);
  }
  static std::string release(unsigned number) { return "6.1.0-" + std::to_string(number) + "-amd64"; }
  static CandidateId id(unsigned number) { return {"6.1." + std::to_string(number) + "-1"}; }

  PackageOptions options() const {
    PackageOptions made;
    made.images = directory_.path() / "images";
    made.downloads = directory_.path() / "packages";
    made.modules = {"virtio_pci", "virtio_net", "e1000"};
    return made;
  }
  ImageResult image(unsigned number, const PackageSource& source) {
    PackageProvider provider(time_.clock(), pool_, source, options());
    return time_.run(provider.image_for(id(number)));
  }
  ImageResult image(unsigned number) {
    return image(number, PackageSource(assemble(offered_by_files({directory_.path() / "debs"}), "")));
  }
  template <class Error>
  std::string complaint(unsigned number, const PackageSource& source) {
    try {
      image(number, source);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

  TemporaryDirectory directory_;
  RealTime time_;
  BlockingPool pool_{1};
};

TEST_F(Provider, TakesTheVmlinuxOutOfABzImageAndKeepsIt) {
  deb(1, test::bzimage(release(1), gzip(test::vmlinux(release(1)))));
  deb(2, test::bzimage(release(2), gzip(test::vmlinux(release(2)))));
  const auto first = std::get<BuiltImage>(image(1));
  EXPECT_EQ(first.image.format, KernelFormat::pvh_elf);
  EXPECT_EQ(first.image.release, release(1));
  EXPECT_EQ(first.image.build_id, "01ab");
  EXPECT_TRUE(fs::exists(first.image.modules / "lib/modules" / release(1) / "kernel/virtio_net.ko"));
  EXPECT_FALSE(first.from_cache);
  const auto again = std::get<BuiltImage>(image(1));
  EXPECT_TRUE(again.from_cache);
  EXPECT_EQ(again.image, first.image);
  EXPECT_NE(std::get<BuiltImage>(image(2)).code_digest, first.code_digest);
}

TEST_F(Provider, BootsTheBzImageWhenItsPayloadIsOfNoUse) {
  deb(1, test::bzimage(release(1), "LZO?some bytes"));
  deb(2, test::bzimage(release(2), "LZO?some bytes"));
  const auto built = std::get<BuiltImage>(image(1));
  EXPECT_EQ(built.image.format, KernelFormat::bzimage);
  EXPECT_EQ(built.image.release, release(1));
}

TEST_F(Provider, NamesWhatTheConfigurationAndTheModulesLack) {
  deb(1, test::bzimage(release(1), "x"));
  deb(2, test::bzimage(release(2), "x"));
  const auto built = std::get<BuiltImage>(image(1));
  EXPECT_THAT(built.warnings,
              Contains(AllOf(HasSubstr("CONFIG_KASAN"), Not(HasSubstr("CONFIG_DEBUG_LIST")))));
  EXPECT_THAT(built.warnings, Contains(AllOf(HasSubstr("e1000"), Not(HasSubstr("virtio")))));
}

TEST_F(Provider, AKernelThatCannotSpeakOrStartOurGuestIsSkippedByName) {
  for (const char* option : {"CONFIG_SERIAL_8250_CONSOLE=y", "CONFIG_BLK_DEV_INITRD=y"}) {
    auto config = test::good_config();
    config.replace(config.find(option), std::string(option).size(), "# nothing");
    deb(1, test::bzimage(release(1), "x"), config);
    deb(2, test::bzimage(release(2), "x"));
    const auto failure = std::get<BuildFailure>(image(1));
    EXPECT_THAT(failure.detail, HasSubstr(std::string(option).substr(0, std::string(option).find('='))));
    EXPECT_TRUE(std::holds_alternative<BuiltImage>(image(2)));
    fs::remove_all(directory_.path() / "images");
  }
}

TEST_F(Provider, AWrongChecksumIsNeverASkip) {
  const auto path = deb(1, test::bzimage(release(1), "x"));
  deb(2, test::bzimage(release(2), "x"));
  auto packages = assemble(offered_by_files({directory_.path() / "debs"}), "");
  packages[0].files[0].sha256 = std::string(64, '0');
  EXPECT_THAT(complaint<UsageError>(1, PackageSource(packages)),
              AllOf(HasSubstr(path.string()), HasSubstr("checksum")));
}

TEST_F(Provider, APackageThatIsNotWhatItsNameSaysIsNamed) {
  deb(1, test::bzimage(release(1), "x"));
  deb(2, test::bzimage(release(2), "x"));
  auto packages = assemble(offered_by_files({directory_.path() / "debs"}), "");
  packages[0].files[0].where = packages[1].files[0].where;
  EXPECT_THAT(complaint<UsageError>(1, PackageSource(packages)), HasSubstr("as its name says"));
}

TEST_F(Provider, ModulesThatAreInAnotherPackageAreAskedFor) {
  DebSpec spec;
  spec.name = "linux-image-" + release(1);
  spec.version = id(1).value;
  spec.files = {{"./boot/vmlinuz-" + release(1), test::bzimage(release(1), "x")},
                {"./boot/config-" + release(1), test::good_config()}};
  make_dirs(directory_.path() / "debs");
  test::make_deb(directory_.path() / "debs", spec);
  deb(2, test::bzimage(release(2), "x"));
  const PackageSource source(assemble(offered_by_files({directory_.path() / "debs"}), ""));
  EXPECT_THAT(complaint<UsageError>(1, source), HasSubstr("linux-modules-" + release(1)));
}

TEST_F(Provider, AFileUrlIsFetchedCheckedAndKept) {
  const auto path = deb(1, test::bzimage(release(1), "x"));
  deb(2, test::bzimage(release(2), "x"));
  auto packages = assemble(offered_by_files({directory_.path() / "debs"}), "");
  auto& file = packages[0].files[0];
  file.where = "file://" + path.string();
  file.sha256 = digest_of_file(path);
  EXPECT_TRUE(std::holds_alternative<BuiltImage>(image(1, PackageSource(packages))));
  fs::remove(path);
  fs::remove_all(directory_.path() / "images");
  EXPECT_TRUE(std::holds_alternative<BuiltImage>(image(1, PackageSource(packages))))
      << "from what was fetched";
  fs::remove_all(directory_.path() / "images");
  fs::remove_all(directory_.path() / "packages");
  EXPECT_THAT(complaint<InfraError>(1, PackageSource(packages)), HasSubstr("cannot fetch file://"));
}

}  // namespace
}  // namespace kverdict
