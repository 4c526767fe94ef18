// The ELF kernel inside a bzImage: booted directly it needs no decompressor in the guest and no KASLR.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kverdict {

// None when the bzImage cannot be booted that way: a compression that is not ours (lzo), a payload that is no
// ELF file, or a kernel without PVH entry note; then the bzImage itself is booted. Throws UsageError naming
// `name` when the bytes are no bzImage, or damaged.
std::optional<std::string> vmlinux_of(std::string_view bzimage, const std::string& name);

}  // namespace kverdict
