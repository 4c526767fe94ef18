#include "orchestrator/core/console/title.hpp"

#include <algorithm>
#include <array>

namespace kverdict {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_word(char c) {
  return is_digit(c) || is_letter(c) || c == '_';
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c < ' ' && c != '\t') continue;
    const char shown = c == '\t' ? ' ' : c;
    if (shown == '\x7f' || (shown == ' ' && (out.empty() || out.back() == ' '))) continue;
    out += shown;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

template <class Predicate>
std::size_t run_of(std::string_view text, Predicate is) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is) - text.begin());
}

// "+0x12/0x34" behind a name
std::size_t offset_length(std::string_view text) {
  if (!text.starts_with("+0x")) return 0;
  const auto first = 3 + run_of(text.substr(3), is_hex);
  if (first == 3 || !text.substr(first).starts_with("/0x")) return 0;
  return first + 3 + run_of(text.substr(first + 3), is_hex);
}

bool is_address(std::string_view word) {
  if (word.starts_with("0x")) return word.size() > 7 && run_of(word.substr(2), is_hex) == word.size() - 2;
  return word.size() >= 6 && run_of(word, is_hex) == word.size() &&
         std::any_of(word.begin(), word.end(), is_digit);
}

bool is_number(std::string_view word) {
  return run_of(word, is_digit) == word.size();
}
bool is_short_hex(std::string_view word) {
  return word.starts_with("0x") && run_of(word.substr(2), is_hex) == word.size() - 2;
}

// "10.0.2.15" at the front; 0 = none
std::size_t ip_length(std::string_view text) {
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part != 0 && !text.substr(at).starts_with('.')) return 0;
    if (part != 0) ++at;
    const auto digits = run_of(text.substr(at), is_digit);
    if (digits == 0 || digits > 3) return 0;
    at += digits;
  }
  return at;
}

// Digit runs of five and more are ids of some kind, unless a letter stands in front ("mac80211").
std::string without_long_digits(std::string_view word) {
  std::string out;
  while (!word.empty()) {
    const auto digits = run_of(word, is_digit);
    if (digits == 0) {
      out += word[0];
      word.remove_prefix(1);
      continue;
    }
    if (digits >= 5 && (out.empty() || !is_letter(out.back())))
      out += "NUM";
    else
      out += word.substr(0, digits);
    word.remove_prefix(digits);
  }
  return out;
}

}  // namespace

std::string normal_title(std::string_view raw) {
  const auto text = printable(raw.substr(0, 4 * k_longest_title));
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto rest = std::string_view(text).substr(i);
    if (!is_word(text[i])) {
      const auto offset = offset_length(rest);
      if (offset == 0) out += text[i];
      i += std::max<std::size_t>(offset, 1);
      continue;
    }
    if (const auto ip = ip_length(rest); ip != 0 && (i + ip == text.size() || !is_word(text[i + ip]))) {
      out += "IP";
      i += ip;
      continue;
    }
    const auto length = run_of(rest, is_word);
    const auto word = rest.substr(0, length);
    i += length;
    if (word == "CPU" && i + 1 < text.size() && text[i] == '#' && is_digit(text[i + 1])) {
      out += word;
      i += 1 + run_of(std::string_view(text).substr(i + 1), is_digit);
      continue;
    }
    if (is_address(word))
      out += "ADDR";
    else if (is_number(word) || is_short_hex(word))
      out += "NUM";
    else
      out += without_long_digits(word);
  }
  if (out.size() > k_longest_title) out.resize(k_longest_title);
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string_view plain_function(std::string_view name) {
  static constexpr std::array<std::string_view, 7> k_clones = {
      ".isra", ".constprop", ".part", ".cold", ".lto_priv", ".llvm", ".localalias"};
  for (const auto clone : k_clones) {
    const auto at = name.find(clone);
    if (at != std::string_view::npos && at != 0) name = name.substr(0, at);
  }
  return name;
}

}  // namespace kverdict
