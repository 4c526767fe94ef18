#include "orchestrator/images/elf.hpp"

#include <elf.h>

#include <algorithm>

#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_max_headers = 65536;

// Bytes [offset, offset + size) of the file, or an error that names what was cut off.
std::string_view slice(std::string_view bytes, std::uint64_t offset, std::uint64_t size,
                       const std::string& name, const char* what) {
  if (offset > bytes.size() || size > bytes.size() - offset)
    throw UsageError(name + ": truncated ELF file: " + what + " lies beyond the end of the file");
  return bytes.substr(offset, size);
}

ElfSection parse_section(std::string_view file, std::string_view header, const std::string& name) {
  ElfSection section;
  section.type = static_cast<std::uint32_t>(read_le(header, 4, 4));
  section.flags = read_le(header, 8, 8);
  section.address = read_le(header, 16, 8);
  section.size = read_le(header, 32, 8);
  if (section.type != SHT_NOBITS && section.type != SHT_NULL)
    section.bytes = slice(file, read_le(header, 24, 8), section.size, name, "a section");
  return section;
}

void name_sections(std::vector<ElfSection>& sections, std::string_view headers, std::uint64_t strings) {
  if (strings >= sections.size()) return;
  const auto table = sections[strings].bytes;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const auto at = read_le(headers, i * sizeof(Elf64_Shdr), 4);
    if (at < table.size()) sections[i].name = c_string(table.substr(at));
  }
}

void parse_sections(ElfFile& elf, std::string_view bytes, const std::string& name) {
  const auto offset = read_le(bytes, 40, 8);
  std::uint64_t count = read_le(bytes, 60, 2);
  std::uint64_t strings = read_le(bytes, 62, 2);
  if (offset == 0) return;
  if (read_le(bytes, 58, 2) != sizeof(Elf64_Shdr)) throw UsageError(name + ": odd ELF section header size");
  const auto first = slice(bytes, offset, sizeof(Elf64_Shdr), name, "the section table");
  if (count == 0) count = read_le(first, 32, 8);  // more than 65279 sections
  if (strings == SHN_XINDEX) strings = read_le(first, 40, 4);
  if (count > k_max_headers) throw UsageError(name + ": ELF file with too many sections");
  const auto headers = slice(bytes, offset, count * sizeof(Elf64_Shdr), name, "the section table");
  for (std::size_t i = 0; i < count; ++i)
    elf.sections.push_back(parse_section(bytes, headers.substr(i * sizeof(Elf64_Shdr)), name));
  name_sections(elf.sections, headers, strings);
}

void parse_segments(ElfFile& elf, std::string_view bytes, const std::string& name) {
  const auto offset = read_le(bytes, 32, 8);
  const auto count = read_le(bytes, 56, 2);
  if (offset == 0 || count == 0) return;
  if (read_le(bytes, 54, 2) != sizeof(Elf64_Phdr)) throw UsageError(name + ": odd ELF program header size");
  const auto headers = slice(bytes, offset, count * sizeof(Elf64_Phdr), name, "the program header table");
  for (std::size_t i = 0; i < count; ++i) {
    const auto header = headers.substr(i * sizeof(Elf64_Phdr), sizeof(Elf64_Phdr));
    ElfSegment segment;
    segment.type = static_cast<std::uint32_t>(read_le(header, 0, 4));
    segment.flags = static_cast<std::uint32_t>(read_le(header, 4, 4));
    segment.address = read_le(header, 16, 8);
    segment.memory_size = read_le(header, 40, 8);
    segment.bytes = slice(bytes, read_le(header, 8, 8), read_le(header, 32, 8), name, "a segment");
    elf.segments.push_back(segment);
  }
}

}  // namespace

const ElfSection* ElfFile::section(std::string_view name) const {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const ElfSection& section) { return section.name == name; });
  return found == sections.end() ? nullptr : &*found;
}

std::string_view ElfFile::at(std::uint64_t address) const {
  for (const auto& segment : segments) {
    if (segment.type != PT_LOAD || address < segment.address) continue;
    const auto offset = address - segment.address;
    if (offset < segment.bytes.size()) return segment.bytes.substr(offset);
  }
  return {};
}

bool has_elf_magic(std::string_view bytes) {
  return bytes.substr(0, SELFMAG) == std::string_view(ELFMAG, SELFMAG);
}

ElfFile parse_elf(std::string_view bytes, const std::string& name) {
  if (!has_elf_magic(bytes)) throw UsageError(name + ": not an ELF file");
  if (bytes.size() < sizeof(Elf64_Ehdr)) throw UsageError(name + ": truncated ELF file: no whole header");
  if (bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB)
    throw UsageError(name + ": only 64-bit little-endian ELF files are understood");
  ElfFile elf;
  elf.type = static_cast<std::uint16_t>(read_le(bytes, 16, 2));
  elf.machine = static_cast<std::uint16_t>(read_le(bytes, 18, 2));
  elf.entry = read_le(bytes, 24, 8);
  parse_sections(elf, bytes, name);
  parse_segments(elf, bytes, name);
  return elf;
}

std::vector<ElfNote> parse_notes(std::string_view bytes) {
  const auto padded = [](std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; };
  std::vector<ElfNote> notes;
  while (bytes.size() >= 12) {
    const auto owner_size = read_le(bytes, 0, 4);
    const auto content_size = read_le(bytes, 4, 4);
    const auto content_at = 12 + padded(owner_size);
    if (content_at > bytes.size() || content_size > bytes.size() - content_at) break;
    notes.push_back({c_string(bytes.substr(12, owner_size)), static_cast<std::uint32_t>(read_le(bytes, 8, 4)),
                     bytes.substr(content_at, content_size)});
    bytes.remove_prefix(std::min<std::uint64_t>(bytes.size(), content_at + padded(content_size)));
  }
  return notes;
}

std::uint64_t read_le(std::string_view bytes, std::size_t offset, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width && offset + i < bytes.size(); ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
  return value;
}

std::string_view c_string(std::string_view bytes) {
  const auto end = bytes.find('\0');
  return end == std::string_view::npos ? std::string_view{} : bytes.substr(0, end);
}

}  // namespace kverdict
