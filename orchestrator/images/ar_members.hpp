// The member names of a thin `ar` archive (the kernel's built-in.a). Pure, bounded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kverdict {

// Names as stored: paths relative to the archive's folder. Empty when this is no thin archive or it is torn.
std::vector<std::string> thin_archive_members(std::string_view bytes);

}  // namespace kverdict
