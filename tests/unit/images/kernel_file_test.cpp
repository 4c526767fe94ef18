#include "orchestrator/images/kernel_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "elf_bytes.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

using test::elf_bytes;
using test::le;
using test::note;
using test::SectionBytes;

constexpr std::uint64_t k_text = 0x1000000, k_rodata = 0x2000000, k_bugs = 0x3000000;

struct Kernel {
  std::string build_id = "\x01\xab";
  std::string text = "code code code";
  std::string banner = "Linux version 6.1.5-kverdict (kverdict@kverdict) (gcc) #1";
  unsigned bug_line = 120;
  std::string bug_file = "net/core/skbuff.c";
  std::string symbols = "symbols";
  std::string xen_note = note("Xen", 18, le(0x1000000, 4));
};

std::string vmlinux(const Kernel& kernel) {
  const std::string rodata = kernel.bug_file + '\0' + kernel.banner + '\0';
  const std::string bug =
      le(k_text - k_bugs, 4) + le(k_rodata - (k_bugs + 4), 4) + le(kernel.bug_line, 2) + le(1, 2);
  return elf_bytes(
      {{".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, k_text, kernel.text},
       {".rodata", SHT_PROGBITS, SHF_ALLOC, k_rodata, rodata},
       {"__bug_table", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, k_bugs, bug},
       {".notes", SHT_NOTE, SHF_ALLOC, 0x4000000, kernel.xen_note + note("GNU", 3, kernel.build_id)},
       {".symtab", SHT_PROGBITS, 0, 0, kernel.symbols}});
}

std::string bzimage() {
  std::string bytes(0x1000, '\0');
  auto put = [&](std::size_t at, const std::string& text) { bytes.replace(at, text.size(), text); };
  put(0x1f1, le(3, 1));
  put(0x1fe, le(0xaa55, 2));
  put(0x202, "HdrS");
  put(0x206, le(0x20f, 2));
  put(0x20e, le(0x300, 2));
  put(0x500, "6.1.5-test (me@here) #1 SMP");
  put(0x248, le(0x100, 4));
  put(0x24c, le(0x200, 4));
  return bytes;
}

TEST(KernelFile, TellsReleaseAndBuildIdOfAVmlinuxWithPvhEntry) {
  const auto facts = read_kernel(vmlinux({}), "vmlinux");
  EXPECT_EQ(facts.format, KernelFormat::pvh_elf);
  EXPECT_EQ(facts.release, "6.1.5-kverdict");
  EXPECT_EQ(facts.build_id, "01ab");
}

TEST(KernelFile, TellsReleaseAndPayloadOfABzImage) {
  const auto facts = read_kernel(bzimage(), "bzImage");
  EXPECT_EQ(facts.format, KernelFormat::bzimage);
  EXPECT_EQ(facts.release, "6.1.5-test");
  EXPECT_EQ(facts.payload_offset, 4 * 512 + 0x100);
  EXPECT_EQ(facts.payload_size, 0x200U);
}

std::string complaint(const std::string& bytes) {
  try {
    read_kernel(bytes, "k");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "none";
}

TEST(KernelFile, RefusesWhatIsNoBootableKernelAndSaysWhy) {
  Kernel without_note;
  without_note.xen_note = "";
  Kernel without_banner;
  without_banner.banner = "Linux version %s (%s)";
  EXPECT_THAT(complaint(vmlinux(without_note)), testing::HasSubstr("no PVH entry note"));
  EXPECT_THAT(complaint(vmlinux(without_banner)), testing::HasSubstr("not a Linux kernel"));
  EXPECT_THAT(complaint("#!/bin/sh\n"), testing::HasSubstr("k: not a kernel"));
  EXPECT_THAT(complaint(""), testing::HasSubstr("empty"));
  EXPECT_THAT(complaint(std::string("\177ELF\1\1\1", 7) + std::string(64, '\0')),
              testing::HasSubstr("64-bit"));
}

TEST(KernelFile, AnyTruncationOfAVmlinuxIsAUsageError) {
  const auto whole = vmlinux({});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(complaint(whole.substr(0, size)), "none") << size;
}

TEST(KernelFile, ATruncatedBzImageIsAUsageError) {
  const auto whole = bzimage();
  for (const std::size_t size : {0x207U, 0x24fU, 0x7ffU, 0xaffU})
    EXPECT_THAT(complaint(whole.substr(0, size)), testing::HasSubstr("truncated")) << size;
}

TEST(KernelFile, DamagedHeadersNeverReadOutsideTheFile) {
  const auto whole = vmlinux({});
  for (std::size_t at = 4; at < sizeof(Elf64_Ehdr); ++at) {
    auto damaged = whole;
    for (const char value : {'\xff', '\x7f', '\x01'}) {
      damaged[at] = value;
      complaint(damaged);
    }
  }
  const auto table = whole.size() - 7 * sizeof(Elf64_Shdr);
  for (std::size_t at = table; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] = '\xff';
    complaint(damaged);
    if (complaint(damaged) == "none") code_digest(damaged, "k");
  }
}

TEST(CodeDigest, IgnoresBuildIdSymbolsAndLineNumbersOfWarnings) {
  const auto plain = code_digest(vmlinux({}), "k");
  Kernel other;
  other.build_id = "\x02\xcd";
  other.symbols = "other symbols";
  other.bug_line = 121;
  EXPECT_EQ(code_digest(vmlinux(other), "k"), plain);
}

TEST(CodeDigest, SeesChangedCodeAndData) {
  const auto plain = code_digest(vmlinux({}), "k");
  Kernel code;
  code.text = "code CODE code";
  Kernel data;
  data.banner = "Linux version 6.1.6-kverdict (kverdict@kverdict) (gcc) #1";
  EXPECT_NE(code_digest(vmlinux(code), "k"), plain);
  EXPECT_NE(code_digest(vmlinux(data), "k"), plain);
}

TEST(CodeDigest, StaysStrictWhenTheBugTableIsNotSurelyUnderstood) {
  Kernel odd;
  odd.bug_file = "not a source";
  const auto plain = code_digest(vmlinux(odd), "k");
  odd.bug_line = 121;
  EXPECT_NE(code_digest(vmlinux(odd), "k"), plain);
}

}  // namespace
}  // namespace kverdict
