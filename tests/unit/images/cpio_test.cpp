#include "orchestrator/images/cpio.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "runners/error.hpp"

namespace kverdict {
namespace {

struct Seen {
  unsigned mode = 0, major = 0, minor = 0;
  std::string content;
};

// Reads the format as the kernel does; archives may follow each other.
std::vector<std::pair<std::string, Seen>> unpacked(const std::string& bytes) {
  std::vector<std::pair<std::string, Seen>> entries;
  auto field = [&](std::size_t at, unsigned index) {
    return static_cast<unsigned>(std::stoul(bytes.substr(at + 6 + 8 * index, 8), nullptr, 16));
  };
  for (std::size_t at = 0; at + 110 <= bytes.size();) {
    if (bytes[at] == '\0') {
      at += 4;
      continue;
    }
    EXPECT_EQ(bytes.substr(at, 6), "070701");
    const auto size = field(at, 6), name_size = field(at, 11);
    const auto name = bytes.substr(at + 110, name_size - 1);
    const auto content = (at + 110 + name_size + 3) / 4 * 4;
    if (name != "TRAILER!!!")
      entries.push_back({name, {field(at, 1), field(at, 9), field(at, 10), bytes.substr(content, size)}});
    at = (content + size + 3) / 4 * 4;
  }
  return entries;
}

TEST(Cpio, HoldsDirectoriesFilesLinksAndDevicesWithParentsFirst) {
  CpioArchive archive;
  archive.file("/bin/tool", "content", 0755);
  archive.symlink("/lib64/libc.so", "/lib/libc.so");
  archive.character_device("/dev/console", 5, 1, 0600);
  archive.directory("/tmp", 01777);
  const auto entries = unpacked(std::move(archive).finish());
  std::vector<std::string> names;
  for (const auto& [name, seen] : entries) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"bin", "bin/tool", "dev", "dev/console", "lib64",
                                             "lib64/libc.so", "tmp"}));
  EXPECT_EQ(entries[1].second.mode, 0100755U);
  EXPECT_EQ(entries[1].second.content, "content");
  EXPECT_EQ(entries[3].second.mode, 0020600U);
  EXPECT_EQ(entries[3].second.major, 5U);
  EXPECT_EQ(entries[3].second.minor, 1U);
  EXPECT_EQ(entries[5].second.mode, 0120777U);
  EXPECT_EQ(entries[5].second.content, "/lib/libc.so");
  EXPECT_EQ(entries[6].second.mode, 0041777U);
}

TEST(Cpio, EqualEntriesGiveEqualBytesInWhateverOrderTheyCome) {
  CpioArchive one, two;
  one.file("/a/b", "1");
  one.file("/c", "2");
  two.file("/c", "2");
  two.directory("/a");
  two.file("/a/b", "1");
  two.file("/a/b", "1");
  EXPECT_EQ(std::move(one).finish(), std::move(two).finish());
}

TEST(Cpio, ArchivesCanFollowEachOther) {
  CpioArchive base, tail;
  base.file("/kv/base", std::string(1000, 'x'));
  tail.file("/kv/job", "job");
  const auto bytes = std::move(base).finish();
  EXPECT_EQ(bytes.size() % 512, 0U);
  const auto entries = unpacked(bytes + std::move(tail).finish());
  EXPECT_EQ(entries.back().first, "kv/job");
  EXPECT_EQ(entries.back().second.content, "job");
}

TEST(Cpio, RefusesPathsAndClashesTheGuestCannotHave) {
  CpioArchive archive;
  archive.file("/etc/name", "one");
  EXPECT_THROW(archive.file("relative", ""), UsageError);
  EXPECT_THROW(archive.file("/a/../b", ""), UsageError);
  EXPECT_THROW(archive.file("/", ""), UsageError);
  EXPECT_THROW(archive.file("/" + std::string(5000, 'x'), ""), UsageError);
  EXPECT_THROW(archive.file("/etc/name", "two"), UsageError);
  EXPECT_THROW(archive.file("/etc/name/below", ""), UsageError);
  EXPECT_THROW(archive.symlink("/link", ""), UsageError);
}

}  // namespace
}  // namespace kverdict
