#include "orchestrator/core/report/printable.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace kverdict {
namespace {

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// Bytes of the character that text starts with, as UTF-8 has it; 0 = broken, or a control character.
std::size_t printable_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first >= 0xf5 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool c1_control = first == 0xc2 && second < 0xa0;
  // Overlong forms, surrogates and what is beyond Unicode.
  const bool broken = (first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
                      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90);
  // U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069 turn the direction of a line around.
  const bool turns = first == 0xe2 && ((second == 0x80 && (text[2] == '\x8e' || text[2] == '\x8f' ||
                                                           (text[2] >= '\xaa' && text[2] <= '\xae'))) ||
                                       (second == 0x81 && text[2] >= '\xa6' && text[2] <= '\xa9'));
  return c1_control || broken || turns ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = printable_length(text);
    clean += length == 0 ? std::string_view("?") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

std::string printable_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const auto end = text.find_first_of("\n\t");
    lines += printable(text.substr(0, end));
    if (end == std::string_view::npos) break;
    lines += text[end];
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string escaped_bytes(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t' || (byte >= 0x20 && byte < 0x7f)) {
      text += c;
      continue;
    }
    std::array<char, 8> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "\\x%02x", byte);
    text += escaped.data();
  }
  return text;
}

}  // namespace kverdict
