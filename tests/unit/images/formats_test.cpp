#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elf_bytes.hpp"
#include "orchestrator/images/ar_members.hpp"
#include "orchestrator/images/library_cache.hpp"
#include "orchestrator/images/modules.hpp"
#include "orchestrator/images/unpack.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

using test::le;
using testing::ElementsAre;
using testing::IsEmpty;

std::string library_cache() {
  const std::string strings =
      std::string("libc.so.6") + '\0' + "/lib/x/libc.so.6" + '\0' + "/lib/v3/libc.so.6" + '\0';
  const std::size_t base = 48 + 2 * 24;
  auto entry = [&](std::size_t path, std::uint64_t hardware) {
    return le(0x303, 4) + le(base, 4) + le(base + path, 4) + le(0, 4) + le(hardware, 8);
  };
  return "glibc-ld.so.cache1.1" + le(2, 4) + le(strings.size(), 4) + std::string(20, '\0') +
         entry(27, std::uint64_t{1} << 62) + entry(10, 0) + strings;
}

TEST(LibraryCache, FindsLibrariesForPlainProcessors) {
  const auto index = parse_library_cache(library_cache());
  ASSERT_EQ(index.size(), 1U);
  EXPECT_THAT(index.at("libc.so.6"), ElementsAre("/lib/x/libc.so.6"));
}

TEST(LibraryCache, ADamagedCacheIsEmptyNotACrash) {
  const auto whole = library_cache();
  for (std::size_t size = 0; size < whole.size(); ++size) parse_library_cache(whole.substr(0, size));
  auto damaged = whole;
  damaged.replace(20, 4, "\xff\xff\xff\xff");
  EXPECT_THAT(parse_library_cache(damaged), IsEmpty());
  EXPECT_THAT(parse_library_cache("something else"), IsEmpty());
}

std::string member(const std::string& name, std::size_t size) {
  auto text = name;
  text.resize(48, ' ');
  text += std::to_string(size);
  text.resize(58, ' ');
  return text + "`\n";
}

std::string thin_archive() {
  const std::string names = "net/core/dev.o/\nnet/ipv4/tcp_input.o/\n";
  return "!<thin>\n" + member("/", 3) + "abc\n" + member("//", names.size()) + names + member("/16", 1000) +
         member("/0", 7) + member("short.o/", 5);
}

TEST(ThinArchive, NamesItsMembers) {
  EXPECT_THAT(thin_archive_members(thin_archive()),
              ElementsAre("net/ipv4/tcp_input.o", "net/core/dev.o", "short.o"));
}

TEST(ThinArchive, ATornOneHasNoMembers) {
  const auto whole = thin_archive();
  EXPECT_THAT(thin_archive_members("!<arch>\n"), IsEmpty());
  for (std::size_t size = 0; size < whole.size(); ++size) thin_archive_members(whole.substr(0, size));
  EXPECT_THAT(thin_archive_members(whole.substr(0, whole.size() - 1)), IsEmpty());
}

TEST(Module, TellsNameDependenciesAndSoftDependencies) {
  const std::string info = std::string("name=virtio-net") + '\0' + "depends=virtio,net-failover" + '\0' +
                           "softdep=pre: crc32c post: x" + '\0' + "vermagic=6.1.0 SMP" + '\0';
  const auto facts = read_module(test::elf_bytes({{".modinfo", SHT_PROGBITS, SHF_ALLOC, 0, info}}), "m.ko");
  EXPECT_EQ(facts.name, "virtio_net");
  EXPECT_EQ(facts.vermagic, "6.1.0 SMP");
  EXPECT_THAT(facts.depends, ElementsAre("virtio", "net_failover"));
  EXPECT_THAT(facts.before, ElementsAre("crc32c"));
  EXPECT_THROW(read_module(test::elf_bytes({}), "m.ko"), UsageError);
  EXPECT_THROW(read_module("no module", "m.ko"), UsageError);
}

TEST(Unpack, LeavesPlainDataAndRefusesDamage) {
  EXPECT_EQ(unpack("plain", 100, "f"), "plain");
  EXPECT_THROW(unpack("\x1f\x8b broken", 100, "f"), UsageError);
  EXPECT_THROW(unpack(std::string("\xfd") + "7zXZ" + std::string("\0 broken", 8), 100, "f"), UsageError);
  EXPECT_THROW(unpack("\x28\xb5\x2f\xfd broken", 100, "f"), UsageError);
}

}  // namespace
}  // namespace kverdict
