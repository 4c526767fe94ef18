// A bounds-checked view of a 64-bit little-endian ELF file. Pure; the bytes must outlive the view, and
// nothing in them is trusted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kverdict {

struct ElfSection {
  std::string_view name;
  std::uint32_t type = 0;
  std::uint64_t flags = 0;
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::string_view bytes;  // empty for SHT_NOBITS
};

struct ElfSegment {
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  std::uint64_t address = 0;
  std::uint64_t memory_size = 0;
  std::string_view bytes;
};

struct ElfNote {
  std::string_view owner;
  std::uint32_t type = 0;
  std::string_view content;
};

struct ElfFile {
  std::uint16_t type = 0;
  std::uint16_t machine = 0;
  std::uint64_t entry = 0;
  std::vector<ElfSection> sections;
  std::vector<ElfSegment> segments;

  const ElfSection* section(std::string_view name) const;  // null when there is none
  // The file's bytes at a virtual address up to the end of its segment; empty when not loaded from the file.
  std::string_view at(std::uint64_t address) const;
};

bool has_elf_magic(std::string_view bytes);
// Throws UsageError naming `name` when this is not ELF64 little-endian, or torn.
ElfFile parse_elf(std::string_view bytes, const std::string& name);
// Notes of one note section or segment; a torn one ends the list.
std::vector<ElfNote> parse_notes(std::string_view bytes);

// Little-endian number at an offset; 0 past the end (callers have checked where it matters).
std::uint64_t read_le(std::string_view bytes, std::size_t offset, unsigned width);
// Bytes up to the first NUL, or empty when there is none.
std::string_view c_string(std::string_view bytes);

}  // namespace kverdict
