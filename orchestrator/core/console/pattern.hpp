// Small patterns for headers and function names. No backtracking: time linear in the text. Pure.
#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace kverdict {

// Header patterns, matched from the text's start. Outside of braces characters stand for themselves.
//   *    anything, up to the first place where the next literal stands
//   {}   the same, captured; at the end: the rest
//   {w}  captured: letters, digits and _ . - /
//   {f}  captured: a function; its "+0x1/0x2" is skipped
//   {o}  captured: a function or nothing
//   {n}  skipped: a number
// False leaves captures undefined. The pattern may end before the text does.
bool match_header(std::string_view pattern, std::string_view text, std::vector<std::string_view>& captures);

// A glob taken apart once. Only '*' is special.
struct Glob {
  std::string_view whole;
  std::string_view core;  // without the outer stars
  enum class Shape { exact, prefix, suffix, part, stars } shape;
};
Glob glob_of(std::string_view text);
bool fits(const Glob& glob, std::string_view name);

// Does the whole name fit the glob?
bool fits(std::string_view glob, std::string_view name);
// Does it fit any of the globs, which blanks part?
bool fits_any(std::string_view globs, std::string_view name);

// Many globs, asked often.
class GlobSet {
 public:
  void add(std::string_view globs);  // parted by blanks; must outlive the set
  bool holds(std::string_view name) const;

 private:
  std::array<std::vector<Glob>, 128> by_first_;
  std::vector<Glob> starred_;
};

}  // namespace kverdict
