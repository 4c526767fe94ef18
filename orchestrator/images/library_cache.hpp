// Reads ld.so.cache(8), the loader's index of shared libraries. Pure on bytes, bounded.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kverdict {

// soname -> paths in the cache's order; entries for special CPUs are left out, the guest's may be plain.
// A cache of unknown format gives an empty index: the default folders are searched then.
using LibraryIndex = std::unordered_map<std::string, std::vector<std::string>>;
LibraryIndex parse_library_cache(std::string_view bytes);

}  // namespace kverdict
