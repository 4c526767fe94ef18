// A small guest's memory, made by hand; real ones are read by tests/vm/libvirt.
#include "runners/memory/kernel_log.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <string>

namespace kverdict {
namespace {

constexpr std::uint64_t k_base = 0xffffffff80000000;
constexpr std::uint64_t k_size = 64 << 10;
constexpr std::uint64_t k_load = 0x1000000;  // where the image lies: phys_base
constexpr std::uint64_t k_pgd = 0x1000, k_pud = 0x2000, k_pmd = 0x3000, k_info = 0x4000, k_prb = 0x5000,
                        k_ring = 0x5100, k_descs = 0x6000, k_infos = 0x7000, k_texts = 0x8000;
constexpr std::uint64_t k_desc_size = 24, k_info_size = 88, k_count_bits = 3, k_size_bits = 9;
constexpr std::uint64_t k_finalized = std::uint64_t{2} << 62;

std::string hex(std::uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(value));
  return text;
}

class Guest {
 public:
  Guest() : memory_(k_size, '\0') {
    put(k_pgd + 511 * 8, (k_load + k_pud) | 1);
    put(k_pud + 510 * 8, (k_load + k_pmd) | 1);
    put(k_pmd, k_load | 1 | (1 << 7));  // 2 MiB at once
    put(k_prb, k_base + k_ring);
    put(k_ring + 0, k_count_bits, 4);
    put(k_ring + 8, k_base + k_descs);
    put(k_ring + 16, k_base + k_infos);
    put(k_ring + 40, k_size_bits, 4);
    put(k_ring + 48, k_base + k_texts);
    describe(
        "OSRELEASE=6.1.0-kv\nSYMBOL(init_top_pgt)=" + hex(k_base + k_pgd) +
        "\nNUMBER(phys_base)=" + std::to_string(k_load) + "\nSYMBOL(prb)=" + hex(k_base + k_prb) +
        "\nOFFSET(printk_ringbuffer.desc_ring)=0\nOFFSET(printk_ringbuffer.text_data_ring)=40\n"
        "OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=8\nOFFSET(prb_desc_ring.infos)=16\n"
        "OFFSET(prb_desc_ring.head_id)=24\nOFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\n"
        "OFFSET(prb_desc.state_var)=0\nOFFSET(atomic_long_t.counter)=0\nOFFSET(prb_desc.text_blk_lpos)=8\n"
        "OFFSET(prb_data_blk_lpos.begin)=0\nOFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=88\n"
        "OFFSET(printk_info.seq)=0\nOFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\n"
        "OFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n");
  }

  void describe(const std::string& text) {
    memory_.replace(k_info, 4096, std::string(4096, '\0'));
    memory_.replace(k_info, text.size(), text);
  }

  void say(const std::string& text, unsigned level = 6) {
    const auto id = next_id_++;
    const auto size = std::uint64_t{1} << k_size_bits;
    const auto room = (8 + text.size() + 7) & ~std::uint64_t{7};
    auto begin = lpos_, place = begin % size;
    lpos_ += room;
    if (begin / size != lpos_ / size) place = 0, lpos_ = lpos_ / size * size + room;
    put(k_texts + place, id);
    memory_.replace(k_texts + place + 8, text.size(), text);
    const auto desc = k_descs + (id % 8) * k_desc_size, info = k_infos + (id % 8) * k_info_size;
    put(desc, id | k_finalized);
    put(desc + 8, begin);
    put(desc + 16, lpos_);
    put(info, sequence_);
    put(info + 8, sequence_ * 1'000'000);
    ++sequence_;
    put(info + 16, text.size(), 2);
    put(info + 19, level << 5, 1);
    put(k_ring + 24, id);
    put(k_ring + 32, id >= 7 ? id - 7 : 0);
  }

  void put(std::uint64_t at, std::uint64_t value, std::size_t size = 8) {
    std::memcpy(memory_.data() + at, &value, size);
  }

  std::string core() const {
    Elf64_Ehdr head{};
    std::memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_ident[EI_DATA] = ELFDATA2LSB;
    head.e_type = ET_CORE;
    head.e_phentsize = sizeof(Elf64_Phdr);
    head.e_phoff = sizeof head;
    head.e_phnum = 1;
    Elf64_Phdr load{};
    load.p_type = PT_LOAD;
    load.p_offset = 4096;
    load.p_paddr = k_load;
    load.p_filesz = load.p_memsz = memory_.size();
    std::string file(4096, '\0');
    std::memcpy(file.data(), &head, sizeof head);
    std::memcpy(file.data() + sizeof head, &load, sizeof load);
    return file + memory_;
  }

 private:
  std::string memory_;
  std::uint64_t next_id_ = 0, sequence_ = 0, lpos_ = 0;
};

std::string log_of(const std::string& file) {
  const auto core = CoreFile::parse(file);
  if (const auto* why = std::get_if<std::string>(&core)) return *why;
  const auto log = read_kernel_log(std::get<CoreFile>(core));
  if (const auto* why = std::get_if<std::string>(&log)) return *why;
  return std::get<KernelLog>(log).lines;
}

TEST(KernelLog, IsReadAsNetconsoleWouldWriteIt) {
  Guest guest;
  guest.say("Linux version 6.1.0", 5);
  guest.say("two\nlines");
  guest.say("back\\slash \x01");
  EXPECT_EQ(
      log_of(guest.core()),
      "5,0,0,-;Linux version 6.1.0\n6,1,1000,-;two\n6,1,1000,-;lines\n6,2,2000,-;back\\x5cslash \\x01\n");
}

TEST(KernelLog, GoesRoundTheRing) {
  Guest guest;
  for (int i = 0; i < 50; ++i) guest.say("record " + std::to_string(i) + std::string(30, '.'));
  const auto log = log_of(guest.core());
  EXPECT_EQ(log.find("6,42,"), 0u) << log;
  EXPECT_NE(log.find("6,49,49000,-;record 49...."), std::string::npos);
}

TEST(KernelLog, LeavesOutWhatIsNotWritten) {
  Guest guest;
  guest.say("one");
  guest.say("being written");
  guest.put(k_descs + k_desc_size, 1);  // reserved
  guest.say("three");
  EXPECT_EQ(log_of(guest.core()), "6,0,0,-;one\n6,2,2000,-;three\n");
}

TEST(KernelLog, SaysWhyThereIsNone) {
  Guest guest;
  EXPECT_EQ(log_of(guest.core()), "its printk ring holds no record");
  guest.say("one");
  guest.put(k_ring, 60, 4);
  EXPECT_EQ(log_of(guest.core()), "its printk ring is broken");
  guest.put(k_pgd + 511 * 8, 0);
  EXPECT_EQ(log_of(guest.core()), "its page tables lead nowhere");
  guest.describe("OSRELEASE=5.4.0\nSYMBOL(prb)=" + hex(k_base));
  EXPECT_EQ(log_of(guest.core()), "its kernel names no page table");
  guest.describe("");
  EXPECT_NE(log_of(guest.core()).find("CONFIG_PROC_KCORE"), std::string::npos);
  EXPECT_EQ(log_of("no core"), "not an ELF file");
  EXPECT_EQ(log_of(guest.core().substr(0, 70)), "its table of segments is cut");
}

// Whatever a guest makes of its memory, or a full disk of the file: an answer, inside of the bytes.
TEST(KernelLog, BearsDamageAndCuts) {
  Guest guest;
  for (int i = 0; i < 20; ++i) guest.say("record " + std::to_string(i));
  const auto whole = guest.core();
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    auto file = whole;
    const bool in_tables = random() % 2 == 0;
    for (auto damages = 1 + random() % 8; damages > 0; --damages) {
      const auto at = in_tables ? 4096 + k_pgd + random() % (k_texts - k_pgd) : random() % file.size();
      file[at] = static_cast<char>(random() % 4 == 0 ? 0xff : random());
    }
    if (random() % 4 == 0) file.resize(random() % file.size());
    EXPECT_LT(log_of(file).size(), 64u << 20);
  }
}

}  // namespace
}  // namespace kverdict
