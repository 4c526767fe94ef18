#include "orchestrator/core/report/transcript_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

#include "orchestrator/core/report/printable.hpp"

namespace kverdict {
namespace {

std::string sources_of(const TranscriptLine& line) {
  std::string letters;
  if (line.sources.has(ConsoleSource::serial)) letters += 's';
  if (line.sources.has(ConsoleSource::netconsole)) letters += 'n';
  if (line.sources.has(ConsoleSource::memory)) letters += 'm';
  if (line.level >= 0 && line.sequence) letters += static_cast<char>('0' + line.level % 8);
  return letters;
}

std::string header(const TranscriptLine& line) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%8llu %8.3f %s| ", static_cast<unsigned long long>(line.number),
                static_cast<double>(line.host_time.count()) / 1000.0, sources_of(line).c_str());
  return text.data();
}

std::string text_of(const TranscriptLine& line) {
  if (line.sequence && line.printk_time) return on_console(line);
  return line.raw.empty() ? line.text : line.raw;
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
        if (line.missing_before != 0)
          text +=
              "         ... " + std::to_string(line.missing_before) + " lines that no channel brought ...\n";
        text += header(line) + escaped_bytes(text_of(line)) + "\n";
      },
      [&](std::uint64_t count) {
        text += "         ... " + std::to_string(count) + " lines left out ...\n";
      });
  return text;
}

std::string channel_summary(const FusionCounts& fusion, const std::optional<NetconsoleCounts>& netconsole) {
  if (!netconsole && fusion == FusionCounts{}) return "";
  std::string text = "... " + std::to_string(fusion.both) + " lines on serial and another channel, " +
                     std::to_string(fusion.torn) + " torn on serial, " + std::to_string(fusion.restored) +
                     " not on serial, " + std::to_string(fusion.missing) + " on none";
  if (!netconsole) return text + "\n";
  const std::pair<const char*, std::uint64_t> faults[] = {
      {"lost", netconsole->lost},
      {"doubled", netconsole->duplicates},
      {"late", netconsole->late},
      {"broken", netconsole->broken_fragments},
      {"of another boot", netconsole->other_boot},
      {"too large", netconsole->too_large},
      {"of strangers", netconsole->strangers},
      {"not taken in time", netconsole->overflowed},
  };
  text += "; netconsole: " + std::to_string(netconsole->records) + " records in " +
          std::to_string(netconsole->datagrams) + " datagrams";
  for (const auto& [what, count] : faults)
    if (count != 0) text += ", " + std::to_string(count) + " " + what;
  return text + "\n";
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
