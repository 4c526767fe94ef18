// Everything shown of a repository or a guest goes through here: it must not steer the reader's terminal.
#pragma once

#include <string>
#include <string_view>

namespace kverdict {

// Text of people: control characters, direction marks and broken UTF-8 as '?'.
std::string printable(std::string_view text);
// The same for several lines: line feeds and tabs stay.
std::string printable_lines(std::string_view text);

// Bytes of a machine: everything but printable ASCII and tabs as \xNN, so that nothing is lost.
std::string escaped_bytes(std::string_view bytes);

}  // namespace kverdict
