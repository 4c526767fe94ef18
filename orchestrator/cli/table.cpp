#include "orchestrator/cli/table.hpp"

#include <algorithm>

namespace kverdict {
namespace {

std::vector<std::size_t> widths(const std::vector<Column>& head, const std::vector<std::vector<Cell>>& rows) {
  std::vector<std::size_t> widest;
  for (const Column& column : head) widest.push_back(columns(column.heading));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < std::min(row.size(), head.size()); ++i) {
      widest[i] = std::max(widest[i], columns(printable(row[i].text)));
    }
  }
  return widest;
}

std::string fitted(const Cell& cell, const Column& column, std::size_t width, Colors colors) {
  const std::string text = shortened(printable(cell.text), width);
  const std::string space(width - std::min(width, columns(text)), ' ');
  const std::string ink = painted(text, cell.paint, colors);
  return column.align == Align::left ? ink + space : space + ink;
}

// The room that the columns before it leave to the last one.
void cut_last(std::vector<std::size_t>& widest, std::size_t terminal_width) {
  std::size_t before = 0;
  for (std::size_t i = 0; i + 1 < widest.size(); ++i) before += widest[i] + 2;
  const std::size_t least = std::min<std::size_t>(10, widest.back());
  const std::size_t room = terminal_width > before + least ? terminal_width - before : least;
  widest.back() = std::min(widest.back(), room);
}

std::string render_row(const std::vector<Cell>& row, const std::vector<Column>& head,
                       const std::vector<std::size_t>& widest, Colors colors) {
  std::string line;
  for (std::size_t i = 0; i < std::min(row.size(), head.size()); ++i) {
    if (i > 0) line += "  ";
    line += fitted(row[i], head[i], widest[i], colors);
  }
  return line.erase(line.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::string render_table(const std::vector<Column>& head, const std::vector<std::vector<Cell>>& rows,
                         const Terminal& terminal) {
  if (head.empty()) return {};
  std::vector<std::size_t> widest = widths(head, rows);
  if (terminal.redraw == Redraw::in_place) cut_last(widest, terminal.width);
  std::vector<Cell> headings;
  for (const Column& column : head) headings.push_back({column.heading, Paint::bold});
  std::string text = render_row(headings, head, widest, terminal.colors);
  for (const auto& row : rows) text += render_row(row, head, widest, terminal.colors);
  return text;
}

}  // namespace kverdict
