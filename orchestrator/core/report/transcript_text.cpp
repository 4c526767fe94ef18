#include "orchestrator/core/report/transcript_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

#include "orchestrator/core/report/printable.hpp"

namespace kverdict {
namespace {

std::string header(const TranscriptLine& line) {
  std::array<char, 64> text{};
  const char source = line.source == ConsoleSource::serial ? 's' : 'n';
  std::snprintf(text.data(), text.size(), "%8llu %8.3f %c| ", static_cast<unsigned long long>(line.number),
                static_cast<double>(line.host_time.count()) / 1000.0, source);
  return text.data();
}

// The number a line of the text starts with; none for a gap.
std::optional<std::uint64_t> number_of(std::string_view line) {
  const auto begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(line.data() + begin, line.data() + line.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

template <class Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    visit(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string transcript_text(const Transcript& transcript) {
  std::string text;
  transcript.each(
      [&](const TranscriptLine& line) {
        text += header(line) + escaped_bytes(line.raw.empty() ? line.text : line.raw) + "\n";
      },
      [&](std::uint64_t count) {
        text += "         ... " + std::to_string(count) + " lines left out ...\n";
      });
  return text;
}

std::string mark_oopses(std::string_view text, const std::vector<Oops>& oopses) {
  std::string marked;
  each_line(text, [&](std::string_view line) {
    const auto number = number_of(line);
    bool inside = false;
    for (const auto& oops : oopses) {
      if (!number || *number < oops.first_line || *number > oops.last_line) continue;
      if (*number == oops.first_line)
        marked += "=== " + printable(oops.title) + (oops.corrupted ? " (torn)" : "") + "\n";
      inside = true;
    }
    marked += inside ? "> " : "  ";
    marked += line;
    marked += '\n';
  });
  return marked;
}

std::string oops_excerpt(std::string_view text, const Oops& oops, std::size_t most_lines) {
  std::string excerpt;
  std::size_t lines = 0;
  each_line(text, [&](std::string_view line) {
    const auto number = number_of(line);
    if (!number || *number < oops.first_line || *number > oops.last_line || lines == most_lines) return;
    const auto bar = line.find("| ");
    excerpt += line.substr(bar == std::string_view::npos ? 0 : bar + 2);
    excerpt += '\n';
    ++lines;
  });
  return excerpt;
}

}  // namespace kverdict
