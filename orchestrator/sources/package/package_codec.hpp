// A list of packages as text, kept with a session: archives change, the session's candidates do not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/sources/package/package.hpp"

namespace kverdict {

std::string encode_packages(const std::vector<Package>& packages);
// Throws UsageError naming `name` when the text is no such list.
std::vector<Package> decode_packages(std::string_view text, const std::string& name);

}  // namespace kverdict
