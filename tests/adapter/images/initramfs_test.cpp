#include "orchestrator/images/initramfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_kernel.hpp"
#include "orchestrator/images/modules.hpp"
#include "orchestrator/images/program_closure.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using test::shell;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class InitramfsTest : public testing::Test {
 protected:
  fs::path path(const std::string& name) const { return directory_.path() / name; }
  fs::path put(const std::string& name, const std::string& text, unsigned mode = 0644) {
    make_dirs(path(name).parent_path());
    write_file(path(name), text, Durability::plain, mode);
    return path(name);
  }
  void compile(const std::string& arguments) {
    shell("cd " + directory_.path().string() + " && gcc " + arguments);
  }
  GuestFile file(const std::string& inside, const fs::path& outside, unsigned mode = 0644) {
    GuestFile taken;
    taken.inside = inside;
    taken.outside = outside;
    taken.mode = mode;
    return taken;
  }
  static std::vector<std::string> insides(const ProgramClosure& closure) {
    std::vector<std::string> names;
    for (const auto& taken : closure.files) names.push_back(taken.inside);
    return names;
  }
  std::string complaint(const std::vector<GuestFile>& files) {
    try {
      with_dependencies(files);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "none";
  }

  TemporaryDirectory directory_;
};

TEST_F(InitramfsTest, AProgramBringsItsLoaderAndLibrariesWithoutBeingRun) {
  const auto closure = with_dependencies({file("/bin/tool", fs::canonical("/bin/sh"), 0755)});
  EXPECT_THAT(insides(closure), Contains("/bin/tool"));
  EXPECT_THAT(insides(closure), Contains(HasSubstr("/ld-linux")));
  EXPECT_THAT(insides(closure), Contains(HasSubstr("/libc.so.6")));
}

TEST_F(InitramfsTest, LibrariesBesideAProgramKeepTheirPlaceBesideIt) {
  put("src/inner.c", "int inner(void) { return 1; }");
  put("src/outer.c", "int inner(void); int outer(void) { return inner(); }");
  put("src/main.c", "int outer(void); int main(void) { return outer(); }");
  make_dirs(path("app/bin"));
  make_dirs(path("app/lib/deep"));
  compile("-shared -fPIC -o app/lib/deep/libinner.so src/inner.c");
  compile(
      "-shared -fPIC -o app/lib/libouter.so src/outer.c -Lapp/lib/deep -linner -Wl,-rpath,'$ORIGIN/deep'");
  compile(
      "-o app/bin/tool src/main.c -Lapp/lib -louter -Wl,-rpath-link,app/lib/deep "
      "-Wl,-rpath,'${ORIGIN}/../lib'");
  const auto names = insides(with_dependencies({file("/kv/bin/tool", path("app/bin/tool"), 0755)}));
  EXPECT_THAT(names, Contains("/kv/lib/libouter.so"));
  EXPECT_THAT(names, Contains("/kv/lib/deep/libinner.so"));
}

TEST_F(InitramfsTest, AMissingLibraryIsNamedWithTheProgramThatNeedsIt) {
  put("inner.c", "int inner(void) { return 1; }");
  put("main.c", "int inner(void); int main(void) { return inner(); }");
  compile("-shared -fPIC -o libkvgone.so inner.c");
  compile("-o tool main.c -L. -lkvgone");
  fs::remove(path("libkvgone.so"));
  const auto text = complaint({file("/bin/tool", path("tool"), 0755)});
  EXPECT_THAT(text, HasSubstr("libkvgone.so"));
  EXPECT_THAT(text, HasSubstr(path("tool").string()));
}

TEST_F(InitramfsTest, LibrariesOutsideTheLoadersFoldersGetALinkThere) {
  put("inner.c", "int inner(void) { return 1; }");
  put("main.c", "int inner(void); int main(void) { return inner(); }");
  make_dirs(path("odd"));
  compile("-shared -fPIC -o odd/libkvodd.so inner.c");
  compile("-o tool main.c -Lodd -lkvodd");
  LibrarySearch search;
  search.directories = {path("odd"), "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64",
                        "/usr/lib64"};
  const auto closure = with_dependencies({file("/bin/tool", path("tool"), 0755)}, search);
  ASSERT_EQ(closure.links.size(), 1U);
  EXPECT_EQ(closure.links[0].target, path("odd/libkvodd.so").string());
  EXPECT_THAT(closure.links[0].inside, HasSubstr("/libkvodd.so"));
}

TEST_F(InitramfsTest, AScriptBringsItsInterpreter) {
  const auto plain = put("plain.sh", "#!/bin/sh -e\necho\n", 0755);
  const auto by_env = put("env.sh", "#!/usr/bin/env -S sh\r\necho\n", 0755);
  EXPECT_THAT(insides(with_dependencies({file("/kv/plain", plain)})), Contains("/bin/sh"));
  const auto names = insides(with_dependencies({file("/kv/env", by_env)}));
  EXPECT_THAT(names, Contains("/usr/bin/env"));
  EXPECT_THAT(names, Contains(testing::EndsWith("/sh")));
  const auto bad = put("bad.sh", "#!/no/such/interpreter\n", 0755);
  EXPECT_THAT(complaint({file("/kv/bad", bad)}), HasSubstr("/no/such/interpreter"));
}

TEST_F(InitramfsTest, FoldersAreTakenWithEverythingInThem) {
  put("data/a", "1");
  put("data/sub/b", "2");
  EXPECT_THAT(insides(with_dependencies({file("/kv/files/data", path("data"))})),
              ElementsAre("/kv/files/data/a", "/kv/files/data/sub/b"));
}

TEST_F(InitramfsTest, BadFilesAreNamed) {
  EXPECT_THAT(complaint({file("/a", path("none"))}), HasSubstr("none: no such file"));
  EXPECT_THAT(complaint({file("/a", put("one", "1")), file("/a", put("two", "2"))}), HasSubstr("'/a'"));
  auto torn = read_file(fs::canonical("/bin/sh"), 64 << 20).substr(0, 3000);
  EXPECT_THAT(complaint({file("/bin/t", put("torn", torn, 0755))}), HasSubstr("truncated"));
}

TEST_F(InitramfsTest, TheBaseIsWrittenOnceAndAgainWhenSomethingChanged) {
  InitramfsSpec spec;
  spec.init = put("init", "static init", 0755);
  spec.files = {file("/kv/files/data", put("data", "one"))};
  const auto first = base_initramfs(spec, path("bases"));
  const auto written = fs::last_write_time(first);
  EXPECT_EQ(base_initramfs(spec, path("bases")), first);
  EXPECT_EQ(fs::last_write_time(first), written);
  EXPECT_EQ(read_file(first, 1 << 20), pack_base(spec));
  put("data", "two");
  EXPECT_NE(base_initramfs(spec, path("bases")), first);
}

TEST_F(InitramfsTest, ABootsInitramfsIsTheBaseAndItsJob) {
  InitramfsSpec spec;
  spec.init = put("init", "static init", 0755);
  const auto base = base_initramfs(spec, path("bases"));
  GuestJob job;
  job.token = "t1";
  write_initramfs(base, job, path("boot.cpio"));
  const auto bytes = read_file(path("boot.cpio"), 1 << 20);
  EXPECT_TRUE(bytes.starts_with(read_file(base, 1 << 20)));
  EXPECT_THAT(bytes, HasSubstr(encode(job)));
  EXPECT_THAT(bytes, HasSubstr("kv/job"));
}

TEST_F(InitramfsTest, ModulesAreLoadedAfterWhatTheyNeedAndUnpackedOnTheHost) {
  auto module = [&](const std::string& name, const std::string& depends, const std::string& packer) {
    put(name + ".c", "__attribute__((section(\".modinfo\"), used)) static const char m[] = \"name=" + name +
                         "\\0depends=" + depends + "\";");
    const auto folder = "lib/modules/6.1.0/kernel/drivers";
    make_dirs(path(folder));
    compile("-c -o " + std::string(folder) + "/" + name + ".ko " + name + ".c");
    if (!packer.empty()) shell(packer + " " + path(folder).string() + "/" + name + ".ko");
  };
  module("virtio_net", "virtio,net-failover", "xz -q");
  module("net-failover", "failover", "gzip -q");
  module("failover", "", "zstd -q --rm");
  module("virtio", "", "");
  module("lonely", "nowhere", "");
  put("lib/modules/6.1.0/modules.builtin", "kernel/lib/crc32c.ko\n");
  const auto got = guest_modules(directory_.path(), "6.1.0", {"virtio-net", "crc32c", "absent"});
  EXPECT_THAT(got.order, ElementsAre("/kv/modules/virtio.ko", "/kv/modules/failover.ko",
                                     "/kv/modules/net_failover.ko", "/kv/modules/virtio_net.ko"));
  EXPECT_THAT(got.missing, ElementsAre("absent"));
  for (const auto& taken : got.files) EXPECT_TRUE(taken.content.starts_with("\177ELF")) << taken.inside;
  EXPECT_THROW(guest_modules(directory_.path(), "6.1.0", {"lonely"}), UsageError);
  EXPECT_THROW(guest_modules(directory_.path(), "6.2.0", {"virtio"}), UsageError);
}

}  // namespace
}  // namespace kverdict
