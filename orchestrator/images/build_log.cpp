#include "orchestrator/images/build_log.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace kverdict {
namespace {

constexpr std::size_t k_max_line = 300;

// Words of the compiler, linker, make or shell when the machine failed them. The sources cannot say these
// at the start of a diagnostic of their own.
constexpr std::array k_lab_words = {
    "No space left on device",
    "Disk quota exceeded",
    "Read-only file system",
    "Input/output error",
    "File size limit exceeded",
    "Killed signal terminated program",
    "internal compiler error: Killed",
    "internal compiler error: Terminated",
    "virtual memory exhausted",
    "out of memory allocating",
    "memory exhausted",
    "Cannot allocate memory",
    "Resource temporarily unavailable",
    "error while loading shared libraries",
    "Too many open files",
    "fork: retry",
    "vfork:",
};

constexpr std::array k_leftover_words = {
    "file truncated",
    "file format not recognized",
    "file not recognized",
    "malformed archive",
    "is not an object",
    "No rule to make target",
    "multiple target patterns",
    "missing separator",
    "is not clean, please run",
    "unexpected end of file",
    "Bad value",
    "fixdep: ",
    "No such file or directory",
};

bool holds(std::string_view line, std::string_view words) {
  return line.find(words) != std::string_view::npos;
}

template <class Words>
bool holds_any(std::string_view line, const Words& words) {
  return std::ranges::any_of(words, [&](const char* word) { return holds(line, word); });
}

// "make[2]: *** [...] Error 1" repeats what was said; "Killed" by itself is the shell's word for signal 9.
bool is_make_error(std::string_view line) {
  return line.starts_with("make") && holds(line, ": *** ");
}

bool is_lab(std::string_view line) {
  if (holds_any(line, k_lab_words)) return true;
  if (line == "Killed" || line.ends_with(": Killed") || holds(line, "] Killed")) return true;
  const bool not_found = line.ends_with(": command not found") || line.ends_with(": not found");
  return not_found || (is_make_error(line) && (line.ends_with("Error 127") || line.ends_with("Error 137")));
}

// A diagnostic at a line of a source file: "net/foo.c:12:3: error: ...".
bool at_source_line(std::string_view line) {
  const auto error = line.find(": error: ");
  const auto fatal = line.find(": fatal error: ");
  const auto at = std::min(error, fatal);
  if (at == std::string_view::npos || at == 0) return false;
  const char before = line[at - 1];
  return before >= '0' && before <= '9';
}

// Words the sources themselves can put into a diagnostic.
bool quotes_source(std::string_view line) {
  return at_source_line(line) && (holds(line, "#error") || holds(line, "static assertion"));
}

bool is_error(std::string_view line) {
  return holds(line, "error: ") || holds(line, "Error: ") || holds(line, "undefined reference to") ||
         holds(line, "ERROR: ") || line.starts_with("ld: ") || is_make_error(line);
}

// A complete UTF-8 sequence at the start of text: its size, or 0.
std::size_t utf8_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (size == 0 || first >= 0xf5 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  return size;
}

std::string clean(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    const bool plain = (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n';
    const auto size = c >= 0x80 ? utf8_size(text) : 0;
    if (plain)
      out += text[0];
    else if (size > 0 && !(c == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0))  // C1 controls
      out += text.substr(0, size);
    else if (c != '\r')
      out += '?';
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

template <class F>
std::optional<std::string_view> first_line(std::string_view log, F wanted) {
  while (!log.empty()) {
    const auto line = log.substr(0, log.find('\n'));
    if (wanted(line)) return line;
    log.remove_prefix(line.size() == log.size() ? log.size() : line.size() + 1);
  }
  return std::nullopt;
}

std::string cleaned_line(std::string_view line) {
  auto text = clean(line.substr(0, k_max_line));
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

// A missing header is the candidate's fault, unless the build itself makes it.
BuildBlame::Who who_of(std::string_view error) {
  if (at_source_line(error))
    return holds(error, "generated/") ? BuildBlame::Who::leftovers : BuildBlame::Who::candidate;
  return holds_any(error, k_leftover_words) ? BuildBlame::Who::leftovers : BuildBlame::Who::candidate;
}

}  // namespace

BuildBlame blame(std::string_view log) {
  BuildBlame result;
  if (const auto lab =
          first_line(log, [](std::string_view line) { return is_lab(line) && !quotes_source(line); })) {
    result.line = cleaned_line(*lab);
    return result;
  }
  result.who = BuildBlame::Who::candidate;
  auto error = first_line(log, [](std::string_view line) { return is_error(line) && !is_make_error(line); });
  if (!error) error = first_line(log, is_make_error);
  if (!error) {
    result.line = "make failed without an error message";
    result.who = BuildBlame::Who::leftovers;
    return result;
  }
  result.line = cleaned_line(*error);
  result.who = who_of(*error);
  return result;
}

std::string log_tail(std::string_view log, unsigned lines, std::size_t bytes) {
  if (log.size() > bytes) log.remove_prefix(log.size() - bytes);
  auto start = log.size();
  for (unsigned i = 0; i <= lines && start > 0; ++i) {
    const auto newline = log.rfind('\n', start - 1);
    if (newline == std::string_view::npos) {
      start = 0;
      break;
    }
    start = newline;
  }
  if (start > 0 && start < log.size()) log.remove_prefix(start + 1);
  return clean(log);
}

}  // namespace kverdict
