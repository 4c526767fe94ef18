#include "orchestrator/sources/commit_graph.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string>

#include "runners/error.hpp"

namespace kverdict::git {
namespace {

constexpr std::size_t k_id_line = 40;
constexpr std::size_t k_max_parents = 4096;

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_line(std::string_view& text, std::string_view& line) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

// "KEYWORD <40 hex>\n"
bool take_id(std::string_view& text, std::string_view keyword, git_oid& id) {
  if (!take_prefix(text, keyword)) return false;
  std::string_view line;
  return take_line(text, line) && line.size() == k_id_line &&
         git_oid_fromstrn(&id, line.data(), k_id_line) == 0;
}

// What git makes of the two lines after the parents: 0 when they are not as they should be.
std::uint64_t committer_date(std::string_view text) {
  std::string_view line;
  if (!text.starts_with("author") || !take_line(text, line)) return 0;
  if (!text.starts_with("committer") || !take_line(text, line)) return 0;
  const auto mail_end = line.find('>');
  if (mail_end == std::string_view::npos) return 0;
  line.remove_prefix(mail_end + 1);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  std::uint64_t date = 0;
  std::from_chars(line.data(), line.data() + line.size(), date);
  return date;
}

}  // namespace

std::size_t CommitGraph::HashOid::operator()(const git_oid& id) const noexcept {
  std::size_t hash;
  std::memcpy(&hash, id.id, sizeof hash);
  return hash;
}

CommitGraph::CommitGraph(git_repository* repository, git_odb* odb) : odb_(odb) {
  std::ifstream shallow(std::string(git_repository_commondir(repository)) + "shallow");
  for (std::string line; std::getline(shallow, line);) {
    git_oid id;
    if (line.size() == k_id_line && git_oid_fromstr(&id, line.c_str()) == 0)
      nodes_[index_of(add(id))].shallow = true;
  }
}

Node CommitGraph::add(const git_oid& id) {
  const auto [found, added] = by_id_.try_emplace(id, Node{static_cast<std::uint32_t>(nodes_.size())});
  if (added) nodes_.emplace_back().id = id;
  return found->second;
}

const CommitNode& CommitGraph::parsed(Node node) {
  if (!at(node).parsed) parse(node);
  return at(node);
}

void CommitGraph::parse(Node node) {
  const auto id = at(node).id;
  const auto object = read_object(odb_, id, GIT_OBJECT_COMMIT);
  auto text = bytes_of(object);
  git_oid tree, parent;
  if (!take_id(text, "tree ", tree))
    throw UsageError("git: commit " + hex(id) + " is corrupt; run `git fsck`");
  const auto first = static_cast<std::uint32_t>(parents_.size());
  while (text.starts_with("parent ")) {
    if (!take_id(text, "parent ", parent) || parents_.size() - first > k_max_parents)
      throw UsageError("git: commit " + hex(id) + " has corrupt parents; run `git fsck`");
    if (!at(node).shallow) parents_.push_back(add(parent));
  }
  auto& commit = nodes_[index_of(node)];
  commit.tree = tree;
  commit.date = committer_date(text);
  commit.first_parent = first;
  commit.parent_count = static_cast<std::uint32_t>(parents_.size()) - first;
  commit.parsed = true;
}

}  // namespace kverdict::git
