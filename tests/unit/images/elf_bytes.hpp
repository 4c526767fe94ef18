// Writes small ELF files for tests.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace kverdict::test {

inline std::string le(std::uint64_t value, unsigned width) {
  std::string bytes;
  for (unsigned i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

inline std::string note(const std::string& owner, std::uint32_t type, std::string content) {
  std::string bytes = le(owner.size() + 1, 4) + le(content.size(), 4) + le(type, 4) + owner + '\0';
  bytes.append((4 - bytes.size() % 4) % 4, '\0');
  bytes += content;
  bytes.append((4 - bytes.size() % 4) % 4, '\0');
  return bytes;
}

struct SectionBytes {
  std::string name;
  std::uint32_t type = SHT_PROGBITS;
  std::uint64_t flags = 0;
  std::uint64_t address = 0;
  std::string bytes;
};

// An executable with these sections, one after the other.
inline std::string elf_bytes(std::vector<SectionBytes> sections, std::uint16_t machine = EM_X86_64) {
  std::string names(1, '\0');
  sections.insert(sections.begin(), SectionBytes{"", SHT_NULL, 0, 0, ""});
  sections.push_back({".shstrtab", SHT_STRTAB, 0, 0, ""});
  std::vector<std::size_t> name_at;
  for (const auto& section : sections) {
    name_at.push_back(section.name.empty() ? 0 : names.size());
    if (!section.name.empty()) names += section.name + '\0';
  }
  sections.back().bytes = names;
  std::string body;
  std::string headers;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const auto& section = sections[i];
    headers += le(name_at[i], 4) + le(section.type, 4) + le(section.flags, 8) + le(section.address, 8) +
               le(sizeof(Elf64_Ehdr) + body.size(), 8) + le(section.bytes.size(), 8) + le(0, 8) + le(1, 8) +
               le(0, 8);
    body += section.bytes;
  }
  std::string file("\177ELF\2\1\1", 7);
  file.append(9, '\0');
  file += le(ET_EXEC, 2) + le(machine, 2) + le(1, 4) + le(0x1000000, 8) + le(0, 8) +
          le(sizeof(Elf64_Ehdr) + body.size(), 8) + le(0, 4) + le(sizeof(Elf64_Ehdr), 2) +
          le(sizeof(Elf64_Phdr), 2) + le(0, 2) + le(sizeof(Elf64_Shdr), 2) + le(sections.size(), 2) +
          le(sections.size() - 1, 2);
  return file + body + headers;
}

}  // namespace kverdict::test
