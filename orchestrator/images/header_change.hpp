// What the change of a C header can reach: the names by which an including file would notice it.
//
// A header that many files include is often changed by a declaration that few of them use. When a change only
// adds or only takes away declarations that leave nothing in an object unless they are used (static inline
// functions, prototypes, macros), then a file that mentions none of these names, nor includes another that
// does, is the same program before and after, and its object stands (Tichy, "Smart Recompilation", 1986).
// Declarations that only moved to another line count as changed when line numbers could reach the object
// (a BUG or WARN in an inline function). Everything else reaches every including file.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace kverdict {

// The names a file must mention to notice the change; none at all when only comments or blanks changed.
// nullopt: every including file may notice. Pure; linear but for the comparison of the changed middle.
std::optional<std::set<std::string>> names_of_header_change(std::string_view before, std::string_view after);

// Does C text mention one of the names, as a whole identifier, comments and strings included?
bool mentions_any(std::string_view text, const std::set<std::string, std::less<>>& names);

}  // namespace kverdict
