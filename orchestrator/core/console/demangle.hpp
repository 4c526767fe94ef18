// Rust symbols as people write them: "_RNvC3foo3bar" -> "foo::bar". Pure.
#pragma once

#include <string>
#include <string_view>

namespace kverdict {

// Of the v0 scheme (RFC 2603): paths, impls, generics and the common types. The symbol itself when it is no
// such symbol, or holds what is not known here.
std::string demangled(std::string_view symbol);

}  // namespace kverdict
