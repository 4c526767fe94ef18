// The changelog of a Debian package: what an update brought. Pure; the text is hostile.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kverdict {

// Every item of the stanzas that are newer than `older`, newest first, one line each: "tcp: fix ...
// (CVE-...)". The kernel team lists upstream's commits by their subjects.
std::vector<std::string> changes_since(std::string_view changelog, const std::string& older);

// Those that share most words with the clue (a crash's title, a workload's name), the likeliest first; at
// most `most`. None when nothing is shared.
std::vector<std::string> likely_changes(const std::vector<std::string>& changes, std::string_view clue,
                                        std::size_t most);

}  // namespace kverdict
