#include "orchestrator/images/vmlinux.hpp"

#include "orchestrator/images/elf.hpp"
#include "orchestrator/images/kernel_file.hpp"
#include "orchestrator/images/unpack.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_largest_vmlinux = std::size_t{1} << 30;

// Kernel's make puts the unpacked size behind all but gzip, which has it already (scripts/Makefile.lib).
std::string_view without_size(std::string_view payload) {
  if (payload.size() < 8 || payload.starts_with("\x1f\x8b")) return payload;
  payload.remove_suffix(4);
  return payload;
}

}  // namespace

std::optional<std::string> vmlinux_of(std::string_view bzimage, const std::string& name) {
  const auto facts = read_kernel(bzimage, name);
  if (facts.format != KernelFormat::bzimage || facts.payload_size == 0) return std::nullopt;
  auto kernel = unpack(without_size(bzimage.substr(facts.payload_offset, facts.payload_size)),
                       k_largest_vmlinux, name + " (the compressed kernel in it)");
  if (!has_elf_magic(kernel) || !has_pvh_entry(kernel, name)) return std::nullopt;
  return kernel;
}

}  // namespace kverdict
