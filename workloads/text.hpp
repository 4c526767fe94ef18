// Percent-encoding shared by the job file and the marker lines. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kverdict {

// Encodes everything but printable ASCII other than space and '%', so that the result is one word.
std::string percent_encode(std::string_view text);
// None when an escape is broken or a byte stands there that percent_encode would have escaped.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace kverdict
