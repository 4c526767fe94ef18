// Rows under headings, for people: every column as wide as its widest cell. Pure.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/cli/terminal.hpp"

namespace kverdict {

enum class Align { left, right };

struct Column {
  std::string heading;
  Align align = Align::left;
};

struct Cell {
  std::string text;
  Paint paint = Paint::plain;
};

// Rows may be shorter than the headings. The last column is cut to the terminal's width when output is drawn
// for a terminal; in files nothing is cut.
std::string render_table(const std::vector<Column>& head, const std::vector<std::vector<Cell>>& rows,
                         const Terminal& terminal);

}  // namespace kverdict
