#include "orchestrator/sources/tree_diff.hpp"

#include <algorithm>
#include <charconv>

#include "runners/error.hpp"

namespace kverdict::git {
namespace {

constexpr std::size_t k_max_depth = 512;
constexpr std::size_t k_max_name = 255;  // what file systems allow

[[noreturn]] void refuse(const git_oid& tree, std::string_view what) {
  throw UsageError("git: tree " + hex(tree) + " " + std::string(what) +
                   "; the repository is corrupt or hostile");
}

bool is_dot_git(std::string_view name) {
  return name.size() == 4 && name[0] == '.' && (name[1] | 32) == 'g' && (name[2] | 32) == 'i' &&
         (name[3] | 32) == 't';
}

bool is_safe(std::string_view name) {
  return !name.empty() && name.size() <= k_max_name && name != "." && name != ".." && !is_dot_git(name) &&
         name.find('/') == std::string_view::npos;
}

EntryKind kind_of(const git_oid& tree, unsigned mode) {
  switch (mode & 0170000) {
    case 0040000:
      return EntryKind::directory;
    case 0100000:
      return mode & 0100 ? EntryKind::executable : EntryKind::file;
    case 0120000:
      return EntryKind::symlink;
    case 0160000:
      return EntryKind::submodule;
    default:
      refuse(tree, "has an entry of unknown mode");
  }
}

struct EntryView {
  std::string_view name;
  unsigned mode = 0;
  const unsigned char* id = nullptr;
};

// "MODE NAME\0<20 bytes>"
EntryView take_entry(const git_oid& tree, std::string_view& text) {
  const auto space = text.find(' ');
  const auto nul = text.find('\0');
  if (space == std::string_view::npos || nul == std::string_view::npos || space > nul ||
      text.size() - nul - 1 < GIT_OID_RAWSZ)
    refuse(tree, "is torn");
  EntryView entry;
  const auto [end, error] = std::from_chars(text.data(), text.data() + space, entry.mode, 8);
  if (error != std::errc{} || end != text.data() + space) refuse(tree, "has an entry of unknown mode");
  entry.name = text.substr(space + 1, nul - space - 1);
  entry.id = reinterpret_cast<const unsigned char*>(text.data() + nul + 1);
  text.remove_prefix(nul + 1 + GIT_OID_RAWSZ);
  return entry;
}

TreeEntry checked(const git_oid& tree, const EntryView& view) {
  TreeEntry entry{std::string(view.name), kind_of(tree, view.mode), {}};
  if (!is_safe(entry.name)) refuse(tree, "holds an entry with a forbidden name ('" + entry.name + "')");
  git_oid_fromraw(&entry.id, view.id);
  return entry;
}

class Walk {
 public:
  Walk(git_odb* odb, const std::function<Visit(const TreeChange&)>& visit) : odb_(odb), visit_(visit) {}

  Visit trees(const git_oid* before, const git_oid* after) {
    if (before && after && git_oid_equal(before, after)) return Visit::more;
    if (++depth_ > k_max_depth) refuse(before ? *before : *after, "is nested too deeply");
    const auto old_entries = before ? read_tree(odb_, *before) : std::vector<TreeEntry>{};
    const auto new_entries = after ? read_tree(odb_, *after) : std::vector<TreeEntry>{};
    const auto result = merge(old_entries, new_entries);
    --depth_;
    return result;
  }

 private:
  Visit merge(const std::vector<TreeEntry>& before, const std::vector<TreeEntry>& after) {
    auto b = before.begin();
    auto a = after.begin();
    while (b != before.end() || a != after.end()) {
      const int order = b == before.end() ? 1 : a == after.end() ? -1 : b->name.compare(a->name);
      const TreeEntry* old_entry = order <= 0 ? &*b++ : nullptr;
      const TreeEntry* new_entry = order >= 0 ? &*a++ : nullptr;
      if (pair(old_entry, new_entry) == Visit::enough) return Visit::enough;
    }
    return Visit::more;
  }

  // A name that is a directory on one side only: what vanishes comes before what appears.
  Visit pair(const TreeEntry* before, const TreeEntry* after) {
    if (before && after && before->kind == after->kind && git_oid_equal(&before->id, &after->id))
      return Visit::more;
    const auto mark = path_.size();
    path_ += (before ? before : after)->name;
    const auto result = differing(before, after);
    path_.resize(mark);
    return result;
  }

  Visit differing(const TreeEntry* before, const TreeEntry* after) {
    const bool old_directory = before && before->kind == EntryKind::directory;
    const bool new_directory = after && after->kind == EntryKind::directory;
    if (!old_directory && !new_directory) return visit_({path_, before, after});
    if (before && !old_directory && visit_({path_, before, nullptr}) == Visit::enough) return Visit::enough;
    const auto mark = path_.size();
    path_ += '/';
    const auto result = trees(old_directory ? &before->id : nullptr, new_directory ? &after->id : nullptr);
    path_.resize(mark);
    if (result == Visit::enough || !after || new_directory) return result;
    return visit_({path_, nullptr, after});
  }

  git_odb* odb_;
  const std::function<Visit(const TreeChange&)>& visit_;
  std::string path_;
  std::size_t depth_ = 0;
};

}  // namespace

std::vector<TreeEntry> read_tree(git_odb* odb, const git_oid& id) {
  const auto object = read_object(odb, id, GIT_OBJECT_TREE);
  auto text = bytes_of(object);
  std::vector<TreeEntry> entries;
  while (!text.empty()) entries.push_back(checked(id, take_entry(id, text)));
  std::ranges::sort(entries, {}, &TreeEntry::name);
  if (std::ranges::adjacent_find(entries, {}, &TreeEntry::name) != entries.end())
    refuse(id, "names an entry twice");
  return entries;
}

std::optional<TreeEntry> find_entry(git_odb* odb, const git_oid& tree, std::string_view name) {
  const auto object = read_object(odb, tree, GIT_OBJECT_TREE);
  auto text = bytes_of(object);
  while (!text.empty())
    if (const auto entry = take_entry(tree, text); entry.name == name) return checked(tree, entry);
  return std::nullopt;
}

void diff_trees(git_odb* odb, const git_oid* before, const git_oid* after,
                const std::function<Visit(const TreeChange&)>& visit) {
  Walk(odb, visit).trees(before, after);
}

}  // namespace kverdict::git
