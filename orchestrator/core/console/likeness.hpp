// How alike two texts are when one may be the damaged copy of the other. Pure.
#pragma once

#include <string_view>

namespace kverdict {

// Share of neighbouring letters in common, 0 to 1; linear in the texts, of which it reads the first 256
// bytes.
double likeness(std::string_view a, std::string_view b);

}  // namespace kverdict
