// In-memory decompression with a bound on the result. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kverdict {

// gzip, xz, lzma, zstd, bzip2 and lz4 (the kernel's: its legacy frame) are told by their first bytes;
// anything else is returned as it is. Throws UsageError naming `name` when the data is damaged or unpacks to
// more than `limit` bytes.
std::string unpack(std::string_view packed, std::size_t limit, const std::string& name);

}  // namespace kverdict
