#include "orchestrator/images/kernel_file.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>

#include "orchestrator/images/digest.hpp"
#include "orchestrator/images/elf.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::uint64_t k_max_kernel_size = std::uint64_t{4} << 30;
constexpr std::size_t k_max_release = 64;  // __NEW_UTS_LEN
constexpr std::uint32_t k_xen_phys32_entry = 18;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool release_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::strchr(".+-_~", c) != nullptr;
}

// The release a text starts with; empty when it does not look like one.
std::string release_at(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && size <= k_max_release && text[size] != '\0' && release_character(text[size]))
    ++size;
  const bool plausible = size > 0 && size <= k_max_release && text[0] >= '0' && text[0] <= '9';
  return plausible ? std::string(text.substr(0, size)) : std::string();
}

std::string release_of_banner(std::string_view bytes) {
  constexpr std::string_view k_banner = "Linux version ";
  for (auto at = bytes.find(k_banner); at != std::string_view::npos; at = bytes.find(k_banner, at + 1)) {
    auto release = release_at(bytes.substr(at + k_banner.size()));
    if (!release.empty()) return release;
  }
  return {};
}

// Calls f(note) for each note of the file: by sections, or by segments when there are no sections.
template <class F>
void for_each_note(const ElfFile& elf, F f) {
  for (const auto& section : elf.sections)
    if (section.type == SHT_NOTE) std::ranges::for_each(parse_notes(section.bytes), f);
  if (!elf.sections.empty()) return;
  for (const auto& segment : elf.segments)
    if (segment.type == PT_NOTE) std::ranges::for_each(parse_notes(segment.bytes), f);
}

bool has_pvh_entry(const ElfFile& elf) {
  bool found = false;
  for_each_note(elf, [&](const ElfNote& note) {
    found = found || (note.owner == "Xen" && note.type == k_xen_phys32_entry && note.content.size() >= 4);
  });
  return found;
}

std::string build_id_of(const ElfFile& elf) {
  std::string id;
  for_each_note(elf, [&](const ElfNote& note) {
    if (id.empty() && note.owner == "GNU" && note.type == NT_GNU_BUILD_ID && note.content.size() <= 64)
      id = hex(note.content);
  });
  return id;
}

KernelFacts read_elf_kernel(std::string_view bytes, const std::string& name) {
  const auto elf = parse_elf(bytes, name);
  KernelFacts facts;
  facts.release = release_of_banner(bytes);
  if (facts.release.empty() || elf.type != ET_EXEC)
    throw UsageError(name + ": an ELF file, but not a Linux kernel; give a vmlinux or a bzImage");
  if (!has_pvh_entry(elf))
    throw UsageError(name +
                     ": this vmlinux has no PVH entry note (CONFIG_PVH is off) and cannot be booted "
                     "directly; give the bzImage of the same build");
  facts.format = KernelFormat::pvh_elf;
  facts.build_id = build_id_of(elf);
  return facts;
}

// Offsets of Documentation/x86/boot.rst.
KernelFacts read_bzimage(std::string_view bytes, const std::string& name) {
  constexpr std::uint64_t k_setup_end = 0x250;
  if (bytes.size() < k_setup_end) throw UsageError(name + ": truncated kernel: the setup header is cut off");
  KernelFacts facts;
  const auto sectors = read_le(bytes, 0x1f1, 1);
  const auto setup_size = ((sectors == 0 ? 4 : sectors) + 1) * 512;
  if (setup_size > bytes.size()) throw UsageError(name + ": truncated kernel: the setup code is cut off");
  const auto version_at = read_le(bytes, 0x20e, 2);
  if (version_at != 0 && version_at + 0x200 < setup_size)
    facts.release = release_at(bytes.substr(version_at + 0x200, setup_size - version_at - 0x200));
  if (read_le(bytes, 0x206, 2) < 0x208) return facts;  // older protocols do not tell the payload
  facts.payload_offset = setup_size + read_le(bytes, 0x248, 4);
  facts.payload_size = read_le(bytes, 0x24c, 4);
  if (facts.payload_offset > bytes.size() || facts.payload_size > bytes.size() - facts.payload_offset)
    throw UsageError(name + ": truncated kernel: the compressed part is cut off");
  return facts;
}

bool is_bzimage(std::string_view bytes) {
  return bytes.size() >= 0x206 && bytes.substr(0x202, 4) == "HdrS" && read_le(bytes, 0x1fe, 2) == 0xaa55;
}

// ---- code digest

// struct bug_entry of x86-64 with CONFIG_DEBUG_BUGVERBOSE: two 32-bit offsets relative to themselves, the
// line, the flags.
constexpr std::size_t k_bug_entry = 12;
constexpr std::size_t k_bug_line = 8;

bool in_code(const ElfFile& elf, std::uint64_t address) {
  return std::ranges::any_of(elf.sections, [&](const ElfSection& section) {
    return (section.flags & SHF_EXECINSTR) != 0 && address >= section.address &&
           address - section.address < section.size;
  });
}

// A file name as the compiler's __FILE__ gives it.
bool source_name(std::string_view text) {
  const auto name = c_string(text.substr(0, 4096));
  const bool printable = std::ranges::all_of(name, [](char c) { return c > ' ' && c < 127; });
  return printable && name.size() > 2 &&
         (name.ends_with(".c") || name.ends_with(".h") || name.ends_with(".S"));
}

std::string_view at_address(const ElfFile& elf, std::uint64_t address) {
  for (const auto& section : elf.sections)
    if ((section.flags & SHF_ALLOC) != 0 && address >= section.address &&
        address - section.address < section.bytes.size())
      return section.bytes.substr(address - section.address);
  return {};
}

std::uint64_t relative(const ElfSection& section, std::size_t offset) {
  const auto distance = static_cast<std::int32_t>(read_le(section.bytes, offset, 4));
  return section.address + offset + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
}

// The bug table with every line number zeroed, or nothing when a single entry is not surely of the known
// layout: each must point into code and at the name of a source file.
std::optional<std::string> bug_table_without_lines(const ElfFile& elf, const ElfSection& table) {
  if (elf.machine != EM_X86_64 || table.bytes.size() % k_bug_entry != 0) return std::nullopt;
  std::string plain(table.bytes);
  for (std::size_t at = 0; at < plain.size(); at += k_bug_entry) {
    if (!in_code(elf, relative(table, at)) || !source_name(at_address(elf, relative(table, at + 4))))
      return std::nullopt;
    plain.replace(at + k_bug_line, 2, 2, '\0');
  }
  return plain;
}

// Notes with the content of the build id zeroed.
std::string notes_without_build_id(std::string_view bytes) {
  std::string plain(bytes);
  for (const auto& note : parse_notes(bytes))
    if (note.owner == "GNU" && note.type == NT_GNU_BUILD_ID)
      plain.replace(static_cast<std::size_t>(note.content.data() - bytes.data()), note.content.size(),
                    note.content.size(), '\0');
  return plain;
}

std::string elf_code_digest(const ElfFile& elf) {
  Digest digest;
  digest.number(elf.entry);
  for (const auto& section : elf.sections) {
    if ((section.flags & SHF_ALLOC) == 0) continue;
    digest.field(section.name);
    for (const auto value : {std::uint64_t{section.type}, section.flags, section.address, section.size})
      digest.number(value);
    if (section.type == SHT_NOTE)
      digest.field(notes_without_build_id(section.bytes));
    else if (section.name == "__bug_table")
      digest.field(bug_table_without_lines(elf, section).value_or(std::string(section.bytes)));
    else
      digest.field(section.bytes);
  }
  return std::move(digest).hex();
}

}  // namespace

bool has_pvh_entry(std::string_view vmlinux, const std::string& name) {
  return has_pvh_entry(parse_elf(vmlinux, name));
}

std::string elf_build_id(std::string_view bytes, const std::string& name) {
  return build_id_of(parse_elf(bytes, name));
}

bool has_debug_sections(std::string_view bytes, const std::string& name) {
  return parse_elf(bytes, name).section(".debug_info") != nullptr;
}

KernelFacts read_kernel(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) throw UsageError(name + ": empty file, not a kernel");
  if (has_elf_magic(bytes)) return read_elf_kernel(bytes, name);
  if (is_bzimage(bytes)) return read_bzimage(bytes, name);
  throw UsageError(name + ": not a kernel (neither bzImage nor ELF vmlinux)");
}

KernelFacts read_kernel_file(const std::filesystem::path& file) {
  return read_kernel(read_bounded_file(file, k_max_kernel_size), file.string());
}

std::string code_digest(std::string_view bytes, const std::string& name) {
  if (is_bzimage(bytes)) return digest_of(bytes);
  const auto elf = parse_elf(bytes, name);
  if (elf.sections.empty()) return digest_of(bytes);
  return elf_code_digest(elf);
}

std::string read_bounded_file(const std::filesystem::path& file, std::uint64_t limit) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    throw UsageError(file.string() + ": " + (error ? error.message() : std::string("not a regular file")));
  const auto size = std::filesystem::file_size(file, error);
  if (error) throw UsageError(file.string() + ": " + error.message());
  if (size > limit) throw UsageError(file.string() + ": larger than " + std::to_string(limit) + " bytes");
  std::ifstream in(file, std::ios::binary);
  if (!in) throw UsageError(file.string() + ": cannot be read: " + std::strerror(errno));
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  if (in.bad()) throw UsageError(file.string() + ": cannot be read");
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

}  // namespace kverdict
