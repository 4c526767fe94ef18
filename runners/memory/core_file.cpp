#include "runners/memory/core_file.hpp"

#include <elf.h>

#include <cstring>

namespace kverdict {
namespace {

constexpr std::size_t k_most_segments = 4096;

template <class Struct>
std::optional<Struct> read_struct(std::string_view bytes, std::uint64_t at) {
  Struct value;
  if (at > bytes.size() || bytes.size() - at < sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// What of it is in the file: a cut file still tells what it has.
std::string_view part(std::string_view bytes, std::uint64_t at, std::uint64_t size) {
  return at > bytes.size() ? std::string_view() : bytes.substr(at, size);
}

std::uint64_t padded(std::uint64_t size) {
  return (size + 3) & ~std::uint64_t{3};
}

}  // namespace

std::variant<CoreFile, std::string> CoreFile::parse(std::string_view bytes) {
  const auto head = read_struct<Elf64_Ehdr>(bytes, 0);
  if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) return "not an ELF file";
  if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != ELFDATA2LSB ||
      head->e_type != ET_CORE || head->e_phentsize != sizeof(Elf64_Phdr))
    return "not a 64-bit core file";
  CoreFile core;
  for (std::size_t i = 0; i < head->e_phnum && i < k_most_segments; ++i) {
    const auto segment = read_struct<Elf64_Phdr>(bytes, head->e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) return "its table of segments is cut";
    const auto content = part(bytes, segment->p_offset, segment->p_filesz);
    if (segment->p_type == PT_NOTE) core.notes_.push_back(content);
    if (segment->p_type == PT_LOAD && !content.empty()) core.pieces_.push_back({segment->p_paddr, content});
  }
  if (core.pieces_.empty()) return "it holds no memory";
  return core;
}

std::string_view CoreFile::note(std::string_view name) const {
  for (auto section : notes_) {
    while (const auto head = read_struct<Elf64_Nhdr>(section, 0)) {
      section.remove_prefix(sizeof *head);
      const auto named = section.substr(0, head->n_namesz);
      const auto content = part(section, padded(head->n_namesz), head->n_descsz);
      if (named.substr(0, named.find('\0')) == name) return content;
      const auto whole = padded(head->n_namesz) + padded(head->n_descsz);
      section.remove_prefix(std::min<std::uint64_t>(section.size(), whole));
    }
  }
  return {};
}

std::optional<std::string_view> CoreFile::read(std::uint64_t address, std::uint64_t size) const {
  for (const auto& piece : pieces_) {
    if (address < piece.address || address - piece.address >= piece.bytes.size()) continue;
    const auto found = piece.bytes.substr(address - piece.address, size);
    if (found.size() == size) return found;
  }
  return std::nullopt;
}

}  // namespace kverdict
