#include "orchestrator/images/library_cache.hpp"

#include "orchestrator/images/elf.hpp"

namespace kverdict {
namespace {

constexpr std::string_view k_magic = "glibc-ld.so.cache1.1";
constexpr std::size_t k_header = 48;
constexpr std::size_t k_entry = 24;  // flags, name, path: 32 bits each; os version; 64-bit hardware mask

}  // namespace

LibraryIndex parse_library_cache(std::string_view bytes) {
  LibraryIndex index;
  const auto start = bytes.find(k_magic);  // an older table may stand before it
  if (start == std::string_view::npos) return index;
  const auto table = bytes.substr(start);
  const auto count = read_le(table, k_magic.size(), 4);
  if (table.size() < k_header || count > (table.size() - k_header) / k_entry) return index;
  for (std::size_t i = 0; i < count; ++i) {
    const auto entry = table.substr(k_header + i * k_entry, k_entry);
    const auto name = read_le(entry, 4, 4);
    const auto path = read_le(entry, 8, 4);
    if (read_le(entry, 16, 8) != 0 || name >= table.size() || path >= table.size()) continue;
    index[std::string(c_string(table.substr(name)))].emplace_back(c_string(table.substr(path)));
  }
  return index;
}

}  // namespace kverdict
