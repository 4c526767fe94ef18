#include "orchestrator/sources/package/payload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "made_packages.hpp"
#include "orchestrator/images/package_unpack.hpp"
#include "orchestrator/sources/package/package_file.hpp"
#include "orchestrator/sources/package/package_list.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using test::DebSpec;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Payload : public testing::Test {
 protected:
  fs::path deb(DebSpec spec) { return test::make_deb(directory_.path(), spec); }
  fs::path out() {
    make_dirs(directory_.path() / "out");
    return directory_.path() / "out";
  }
  static std::string complaint(const std::function<void()>& act) {
    try {
      act();
    } catch (const UsageError& error) {
      return error.what();
    }
    return "none";
  }
  std::string unpack_complaint(const fs::path& package) {
    return complaint([&] { unpack_packages(PackageKind::deb, {package}, out()); });
  }
  std::vector<std::string> everything() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(directory_.path()))
      if (entry.is_regular_file())
        names.push_back(entry.path().lexically_relative(directory_.path()).string());
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryDirectory directory_;
};

TEST_F(Payload, TellsWhatADebIsInEveryCompression) {
  for (const char* compression : {"xz", "zst", "gz"}) {
    DebSpec spec;
    spec.compression = compression;
    const auto facts = read_package_file(deb(spec));
    EXPECT_EQ(facts.file.name, spec.name) << compression;
    EXPECT_EQ(facts.file.version, spec.version);
    EXPECT_EQ(facts.file.architecture, "amd64");
  }
}

TEST_F(Payload, TakesKernelModulesAndConfigurationAndNothingElse) {
  DebSpec spec;
  spec.files = test::kernel_files("6.1.0-1-amd64", test::bzimage("6.1.0-1-amd64", "x"), test::good_config());
  spec.files.emplace_back("./etc/passwd", "root::0:0");
  spec.files.emplace_back("/usr/bin/tool", "#!/bin/sh");
  const auto kernel = unpack_packages(PackageKind::deb, {deb(spec)}, out());
  EXPECT_EQ(kernel.release, "6.1.0-1-amd64");
  EXPECT_THAT(everything(),
              ElementsAre("linux-image-6.1.0-1-amd64_6.1.1-1.deb", "out/config",
                          "out/modules/lib/modules/6.1.0-1-amd64/kernel/virtio_net.ko",
                          "out/modules/lib/modules/6.1.0-1-amd64/kernel/virtio_pci.ko",
                          "out/modules/lib/modules/6.1.0-1-amd64/kernel/virtio_ring.ko",
                          "out/modules/lib/modules/6.1.0-1-amd64/modules.builtin", "out/vmlinuz"));
}

TEST_F(Payload, APathThatLeavesThePackageIsRefusedAndNothingIsWritten) {
  for (const char* path : {"../../evil.ko", "./lib/modules/6.1/../../../../../evil.ko",
                           "lib/modules/../evil.ko", "boot/vmlinuz-..//../x"}) {
    DebSpec spec;
    spec.files = {{path, "evil"}};
    EXPECT_THAT(unpack_complaint(deb(spec)), AllOf(HasSubstr("leaves the package"), HasSubstr(spec.name)))
        << path;
    EXPECT_THAT(everything(), ElementsAre("linux-image-6.1.0-1-amd64_6.1.1-1.deb"));
  }
}

TEST_F(Payload, AbsurdSizesAreRefusedBeforeTheyAreUnpacked) {
  DebSpec spec;
  spec.files = {{"./boot/vmlinuz-6.1", std::string(1 << 20, 'x')}, {"./b", std::string(1 << 20, 'x')}};
  const auto package = deb(spec);
  const auto refused = [&](PayloadLimits limits) {
    return complaint([&] { walk_payload(PackageKind::deb, package, limits, [](PayloadFile&) {}); });
  };
  EXPECT_EQ(refused({}), "none");
  EXPECT_THAT(refused({10, 1 << 10, 1 << 30}),
              AllOf(HasSubstr("1048576 bytes"), HasSubstr("boot/vmlinuz-6.1")));
  EXPECT_THAT(refused({10, 1 << 30, 1 << 20}), HasSubstr("unpacks to more"));
  EXPECT_THAT(refused({1, 1 << 30, 1 << 30}), HasSubstr("more than 1 files"));
}

TEST_F(Payload, EveryTruncationIsNamedAndNoneIsAKernel) {
  DebSpec spec;
  spec.files = test::kernel_files("6.1.0-1-amd64", test::bzimage("6.1.0-1-amd64", "x"), test::good_config());
  const auto whole = read_file(deb(spec), 1 << 20);
  for (std::size_t size = 0; size + 200 < whole.size(); size += 97) {
    const auto cut = directory_.path() / "cut.deb";
    write_file(cut, whole.substr(0, size));
    EXPECT_NE(unpack_complaint(cut), "none") << size;
    fs::remove_all(out());
  }
}

TEST_F(Payload, WhatIsNoPackageIsNamed) {
  const auto put = [&](const std::string& name, const std::string& bytes) {
    write_file(directory_.path() / name, bytes);
    return directory_.path() / name;
  };
  const auto read = [&](const fs::path& path) { return complaint([&] { read_package_file(path); }); };
  EXPECT_THAT(read(put("empty.deb", "")), AllOf(HasSubstr("empty.deb"), HasSubstr("empty")));
  EXPECT_THAT(read(put("text.deb", "hello, this is no package")), HasSubstr("neither a deb nor an rpm"));
  EXPECT_THAT(read(put("cut.rpm", "\xed\xab\xee\xdb\x03")), HasSubstr("truncated"));
  EXPECT_THAT(read(directory_.path() / "none.deb"), HasSubstr("does not exist"));
  EXPECT_THAT(read(directory_.path()), HasSubstr("is no file"));
}

TEST_F(Payload, APackageWithoutAKernelIsNamed) {
  DebSpec spec;
  spec.files = {{"./usr/share/doc/x", "text"}};
  EXPECT_THAT(unpack_complaint(deb(spec)), HasSubstr("holds no kernel"));
  spec.files = {{"./boot/vmlinuz-6.1.0-1-amd64", "this is no kernel"}};
  EXPECT_THAT(unpack_complaint(deb(spec)), HasSubstr("not a kernel"));
}

TEST_F(Payload, ListsAreReadFromFilesDirectoriesAndTexts) {
  DebSpec spec;
  const auto first = deb(spec);
  spec.name = "linux-image-6.1.0-2-amd64";
  spec.version = "6.1.2-1";
  deb(spec);
  spec.name = "linux-headers-6.1.0-2-amd64";
  const auto headers = deb(spec);
  EXPECT_EQ(offered_by_files({directory_.path()}).size(), 2U);
  write_file(directory_.path() / "list",
             "# kernels\n" + first.filename().string() +
                 "\n\nhttp://a.example/linux-image-6.1.0-3-amd64_6.1.3-1_amd64.deb sha256:" +
                 std::string(64, 'a') + " # newest\n");
  const auto listed = offered_by_files({directory_.path() / "list"});
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].file.where, first.string());
  EXPECT_EQ(listed[1].file.sha256, std::string(64, 'a'));
  EXPECT_THAT(complaint([&] { offered_by_files({headers}); }), HasSubstr("no kernel package"));
  write_file(directory_.path() / "list", "a.deb\nb c d\n");
  EXPECT_THAT(complaint([&] { offered_by_files({directory_.path() / "list"}); }), HasSubstr("a.deb"));
  write_file(directory_.path() / "list",
             "http://a.example/linux-image-6.1.0-3-amd64_6.1.3-1_amd64.deb md5:1\n");
  EXPECT_THAT(complaint([&] { offered_by_files({directory_.path() / "list"}); }),
              AllOf(HasSubstr("list:1"), HasSubstr("md5:1")));
}

}  // namespace
}  // namespace kverdict
