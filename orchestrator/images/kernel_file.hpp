// What a kernel file says of itself: format, release, build id. Pure on bytes; the bytes are hostile.
//
// Understood are x86 bzImage (boot protocol 2.00 and later) and 64-bit ELF vmlinux.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "runners/boot.hpp"

namespace kverdict {

struct KernelFacts {
  KernelFormat format = KernelFormat::bzimage;
  std::string release;               // what `uname -r` will say; empty = the file does not tell
  std::string build_id;              // GNU build id, lower-case hex; empty = none (always so for bzImage)
  std::uint64_t payload_offset = 0;  // bzImage: where the compressed kernel lies in the file; 0 = unknown
  std::uint64_t payload_size = 0;
  bool operator==(const KernelFacts&) const = default;
};

// Throws UsageError naming `name`: not a kernel, truncated, or an ELF kernel without PVH entry note (which
// cannot be booted directly: the bzImage must be used).
KernelFacts read_kernel(std::string_view bytes, const std::string& name);
KernelFacts read_kernel_file(const std::filesystem::path& file);

// Does the ELF kernel carry the note by which a hypervisor can enter it directly?
bool has_pvh_entry(std::string_view vmlinux, const std::string& name);

// The GNU build id of any ELF file, lower-case hex; empty when it has none.
std::string elf_build_id(std::string_view bytes, const std::string& name);
// Does it carry debug information (which the guest does not need)?
bool has_debug_sections(std::string_view bytes, const std::string& name);

// Digest of what an ELF kernel loads into memory: two kernels with equal digests behave alike. Left out are
// what is never loaded (symbol table, debug information), the build id, and the line numbers of WARN and BUG
// sites when the bug table is surely understood: so a comment added above a WARN makes no other kernel.
// bzImage: digest of the whole file. Throws as read_kernel does.
std::string code_digest(std::string_view bytes, const std::string& name);

// Whole file, at most `limit` bytes. Throws UsageError when it cannot be read or is larger.
std::string read_bounded_file(const std::filesystem::path& file, std::uint64_t limit);

}  // namespace kverdict
