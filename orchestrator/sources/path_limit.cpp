#include "orchestrator/sources/path_limit.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <optional>

#include "orchestrator/sources/tree_diff.hpp"
#include "runners/error.hpp"

namespace kverdict::git {
namespace {

struct Magic {
  bool exclude = false;
  bool literal = false;
};

[[noreturn]] void refuse(std::string_view spec, std::string_view what) {
  throw UsageError("paths: '" + std::string(spec) + "' " + std::string(what));
}

void apply_word(std::string_view spec, std::string_view word, Magic& magic) {
  if (word == "exclude")
    magic.exclude = true;
  else if (word == "literal")
    magic.literal = true;
  else if (word != "top" && !word.empty())
    refuse(spec, "uses the magic word '" + std::string(word) + "'; known are top, literal and exclude");
}

// ":(word,word)rest"
std::string_view take_long_magic(std::string_view spec, Magic& magic) {
  const auto close = spec.find(')');
  if (close == std::string_view::npos) refuse(spec, "lacks the ')' that ends the magic words");
  for (auto words = spec.substr(2, close - 2); !words.empty();) {
    const auto comma = std::min(words.find(','), words.size());
    apply_word(spec, words.substr(0, comma), magic);
    words.remove_prefix(std::min(comma + 1, words.size()));
  }
  return spec.substr(close + 1);
}

// ":!rest", ":/rest", ":^rest"; a second ':' ends the signs
std::string_view take_short_magic(std::string_view spec, Magic& magic) {
  auto rest = spec.substr(1);
  while (!rest.empty() && (rest[0] == '/' || rest[0] == '!' || rest[0] == '^')) {
    magic.exclude |= rest[0] != '/';
    rest.remove_prefix(1);
  }
  if (!rest.empty() && rest[0] == ':') rest.remove_prefix(1);
  return rest;
}

std::vector<std::string> split(std::string_view spec, std::string_view path) {
  std::vector<std::string> components;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto component = path.substr(0, slash);
    if (component == "..") refuse(spec, "leaves the tree; give paths from the top of the tree, without '..'");
    if (!component.empty() && component != ".") components.emplace_back(component);
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return components;
}

std::string join(const std::vector<std::string>& components) {
  std::string path;
  for (const auto& component : components) path += (path.empty() ? "" : "/") + component;
  return path;
}

bool equal(const std::optional<TreeEntry>& a, const std::optional<TreeEntry>& b) {
  if (!a || !b) return !a && !b;
  return a->kind == b->kind && git_oid_equal(&a->id, &b->id);
}

std::optional<TreeEntry> child(git_odb* odb, const std::optional<TreeEntry>& parent,
                               const std::string& name) {
  if (!parent || parent->kind != EntryKind::directory) return std::nullopt;
  return find_entry(odb, parent->id, name);
}

std::optional<TreeEntry> root(const git_oid* tree) {
  if (!tree) return std::nullopt;
  return TreeEntry{"", EntryKind::directory, *tree};
}

bool same_at(git_odb* odb, const std::vector<std::string>& components, const git_oid* before,
             const git_oid* after) {
  auto b = root(before);
  auto a = root(after);
  for (const auto& component : components) {
    if (equal(a, b)) return true;
    b = child(odb, b, component);
    a = child(odb, a, component);
  }
  return equal(a, b);
}

}  // namespace

bool PathLimit::Item::matches(std::string_view path) const {
  if (pattern) return fnmatch(text.c_str(), std::string(path).c_str(), 0) == 0;
  return path.starts_with(text) && (text.empty() || path.size() == text.size() || path[text.size()] == '/');
}

PathLimit::PathLimit(const std::vector<std::string>& paths) {
  for (const auto& path : paths) add(path);
}

void PathLimit::add(std::string_view spec) {
  Magic magic;
  auto rest = spec;
  if (spec.starts_with(":("))
    rest = take_long_magic(spec, magic);
  else if (spec.starts_with(':'))
    rest = take_short_magic(spec, magic);
  if (spec.empty()) refuse(spec, "is empty; use '.' for the whole tree");
  if (rest.starts_with('/')) refuse(spec, "is absolute; give paths from the top of the tree");

  Item item;
  item.pattern = !magic.literal && rest.find_first_of("*?[") != std::string_view::npos;
  item.components = split(spec, rest);
  item.text = join(item.components);
  plain_ = plain_ && !item.pattern && !magic.exclude;
  (magic.exclude ? excluded_ : wanted_).push_back(std::move(item));
}

bool PathLimit::matches(std::string_view path) const {
  const auto matching = [&](const Item& item) { return item.matches(path); };
  return (wanted_.empty() || std::ranges::any_of(wanted_, matching)) &&
         std::ranges::none_of(excluded_, matching);
}

bool PathLimit::same(git_odb* odb, const git_oid* before, const git_oid* after) const {
  if (before && after && git_oid_equal(before, after)) return true;
  if (plain_)
    return std::ranges::all_of(
        wanted_, [&](const Item& item) { return same_at(odb, item.components, before, after); });
  bool differs = false;
  diff_trees(odb, before, after, [&](const TreeChange& change) {
    differs = matches(change.path);
    return differs ? Visit::enough : Visit::more;
  });
  return !differs;
}

}  // namespace kverdict::git
