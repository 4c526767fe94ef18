#include "orchestrator/core/console/pattern.hpp"

#include <algorithm>

namespace kverdict {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '-' || c == '/';
}
bool is_symbol(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '$';
}

template <class Predicate>
std::size_t run_of(std::string_view text, Predicate is) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is) - text.begin());
}

// Length of "+0x12/0x34" or "+0x12" at the front, 0 when there is none.
std::size_t offset_length(std::string_view text) {
  if (!text.starts_with("+0x")) return 0;
  auto at = 3 + run_of(text.substr(3), is_hex);
  if (text.substr(at).starts_with("/0x")) at += 3 + run_of(text.substr(at + 3), is_hex);
  return at;
}

// A function's name at the front; a number or an address is none.
std::size_t function_length(std::string_view text) {
  const auto length = run_of(text, is_symbol);
  const bool number = length != 0 && (is_digit(text[0]) || (length >= 8 && run_of(text, is_hex) == length));
  return number ? 0 : length;
}

std::string_view literal_at(std::string_view pattern) {
  return pattern.substr(0, run_of(pattern, [](char c) { return c != '*' && c != '{'; }));
}

// Consumes text for the wildcard `kind`; false when it does not fit.
bool take_wildcard(char kind, std::string_view literal, std::string_view& text,
                   std::vector<std::string_view>& captures) {
  if (kind == '*' || kind == '}') {
    const auto at = literal.empty() ? text.size() : text.find(literal);
    if (at == std::string_view::npos) return false;
    if (kind == '}') captures.push_back(text.substr(0, at));
    text.remove_prefix(at);
    return true;
  }
  const auto length = kind == 'w'                    ? run_of(text, is_word)
                      : (kind == 'f' || kind == 'o') ? function_length(text)
                                                     : run_of(text, is_digit);
  if (length == 0 && kind != 'o') return false;
  if (kind != 'n') captures.push_back(text.substr(0, length));
  text.remove_prefix(length);
  if (kind == 'f' || kind == 'o') text.remove_prefix(offset_length(text));
  return true;
}

}  // namespace

bool match_header(std::string_view pattern, std::string_view text, std::vector<std::string_view>& captures) {
  captures.clear();
  while (!pattern.empty()) {
    const auto literal = literal_at(pattern);
    if (!literal.empty()) {
      if (!text.starts_with(literal)) return false;
      pattern.remove_prefix(literal.size());
      text.remove_prefix(literal.size());
      continue;
    }
    char kind = '*';
    if (pattern[0] == '{') kind = pattern[1];
    pattern.remove_prefix(kind == '*' ? 1 : kind == '}' ? 2 : 3);
    if (!take_wildcard(kind, literal_at(pattern), text, captures)) return false;
  }
  return true;
}

namespace {

// Any stars anywhere.
bool fits_stars(std::string_view glob, std::string_view name) {
  std::size_t g = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      mark = n;
    } else if (g < glob.size() && glob[g] == name[n]) {
      ++g;
      ++n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      n = ++mark;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

Glob glob_of(std::string_view text) {
  const bool open_front = text.starts_with('*');
  const bool open_back = text.size() > 1 && text.ends_with('*');
  Glob glob{text, text.substr(open_front, text.size() - open_front - open_back), Glob::Shape::exact};
  if (glob.core.find('*') != std::string_view::npos)
    glob.shape = Glob::Shape::stars;
  else if (open_front && open_back)
    glob.shape = Glob::Shape::part;
  else if (open_front)
    glob.shape = Glob::Shape::suffix;
  else if (open_back)
    glob.shape = Glob::Shape::prefix;
  return glob;
}

bool fits(const Glob& glob, std::string_view name) {
  switch (glob.shape) {
    case Glob::Shape::exact:
      return name == glob.core;
    case Glob::Shape::prefix:
      return name.starts_with(glob.core);
    case Glob::Shape::suffix:
      return name.ends_with(glob.core);
    case Glob::Shape::part:
      return name.find(glob.core) != std::string_view::npos;
    case Glob::Shape::stars:
      return fits_stars(glob.whole, name);
  }
  return false;
}

bool fits(std::string_view glob, std::string_view name) {
  return fits(glob_of(glob), name);
}

namespace {

// Calls visit(glob) for each, until it returns true.
template <class Visit>
bool any_glob(std::string_view globs, Visit visit) {
  while (!globs.empty()) {
    const auto length = std::min(globs.find(' '), globs.size());
    if (length != 0 && visit(globs.substr(0, length))) return true;
    globs.remove_prefix(std::min(length + 1, globs.size()));
  }
  return false;
}

std::size_t slot_of(char c) {
  return static_cast<unsigned char>(c) & 127u;
}

}  // namespace

bool fits_any(std::string_view globs, std::string_view name) {
  return any_glob(globs, [&](std::string_view glob) { return fits(glob, name); });
}

void GlobSet::add(std::string_view globs) {
  any_glob(globs, [&](std::string_view glob) {
    (glob[0] == '*' ? starred_ : by_first_[slot_of(glob[0])]).push_back(glob_of(glob));
    return false;
  });
}

bool GlobSet::holds(std::string_view name) const {
  if (name.empty()) return false;
  const auto fit = [&](const Glob& glob) { return fits(glob, name); };
  const auto& same = by_first_[slot_of(name[0])];
  return std::any_of(same.begin(), same.end(), fit) || std::any_of(starred_.begin(), starred_.end(), fit);
}

}  // namespace kverdict
