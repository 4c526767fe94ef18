// What is known of the place we write to, and text that is fit for it. Everything shown of a repository or a
// guest goes through printable(): it must not steer the user's terminal.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "orchestrator/cli/options.hpp"
#include "orchestrator/core/report/printable.hpp"  // IWYU pragma: export

namespace kverdict {

enum class Redraw { never, in_place };  // one line per step, or one line that is drawn again
enum class Paint { plain, good, bad, skip, dim, bold };
enum class Colors { off, on };

struct Terminal {
  Redraw redraw = Redraw::never;
  Colors colors = Colors::off;
  std::size_t width = 80;
};

// Of a file descriptor. NO_COLOR (not empty), TERM=dumb and --no-color switch colours off.
Terminal terminal_of(int descriptor, const std::map<std::string, std::string>& environment,
                     ColorChoice choice);

// Characters, as far as a terminal counts one column for each.
std::size_t columns(std::string_view text);
// At most `width` columns; what is cut is shown by "...".
std::string shortened(std::string_view text, std::size_t width);
std::string painted(std::string_view text, Paint paint, Colors colors);

}  // namespace kverdict
