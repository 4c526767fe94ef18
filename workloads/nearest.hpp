// The name someone probably meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace kverdict {

// Edits (insert, delete, replace, swap of neighbours) from one word to the other, letter case ignored.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest of `names`, or empty when none is near (more than a third of the word, at least two edits, is
// another word). A tie goes to the first.
std::string_view nearest(std::string_view word, std::span<const std::string_view> names);

// "; did you mean 'X'?", or the empty string.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> names);

}  // namespace kverdict
