#include "orchestrator/sources/describe.hpp"

#include <algorithm>
#include <optional>
#include <queue>
#include <string_view>
#include <vector>

namespace kverdict::git {
namespace {

constexpr std::size_t k_max_tags = 20'000;
constexpr std::size_t k_candidates = 10;       // tags compared, as in git
constexpr std::size_t k_max_commits = 60'000;  // walked before giving up

struct Waiting {
  std::uint64_t date;
  std::uint32_t found;
  Node node;
  bool operator<(const Waiting& other) const {
    return date != other.date ? date < other.date : found > other.found;
  }
};

struct Candidate {
  const std::string* name;
  std::size_t depth;     // commits that the tag does not reach
  std::uint32_t within;  // flag of what it reaches
};

// git's describe: walks by date, counting for each tag met the commits that it does not contain.
class DescribeWalk {
 public:
  explicit DescribeWalk(CommitGraph& graph) : graph_(graph) {}

  template <class NameOf>
  std::optional<Candidate> nearest(Node start, NameOf name_of) {
    push(start, k_seen);
    while (!queue_.empty() && walked_ < k_max_commits) {
      const auto node = pop();
      if (const auto* name = name_of(node)) {
        if (candidates_.size() == k_candidates) {
          push_again(node);
          break;
        }
        candidates_.push_back({name, walked_ - 1, k_first_tag << candidates_.size()});
        flags_[index_of(node)] |= candidates_.back().within;
      }
      count(node, candidates_);
      if (!candidates_.empty() && queue_.empty() && is_within_best(node)) break;
      spread(node);
    }
    if (candidates_.empty()) return std::nullopt;
    auto best = *std::ranges::min_element(candidates_, {}, &Candidate::depth);
    return finish(best) ? std::optional(best) : std::nullopt;
  }

 private:
  static constexpr std::uint32_t k_seen = 1, k_first_tag = 2;

  void push(Node node, std::uint32_t flags) {
    auto& own = flags_[index_of(node)];
    if (!(own & k_seen)) push_again(node);
    own |= flags;
  }
  void push_again(Node node) { queue_.push({graph_.parsed(node).date, found_++, node}); }

  Node pop() {
    const auto node = queue_.top().node;
    queue_.pop();
    ++walked_;
    return node;
  }

  void count(Node node, std::vector<Candidate>& candidates) {
    for (auto& candidate : candidates)
      if (!(flags_[index_of(node)] & candidate.within)) ++candidate.depth;
  }

  bool is_within_best(Node node) {
    const auto depth = std::ranges::min(candidates_, {}, &Candidate::depth).depth;
    std::uint32_t within = 0;
    for (const auto& candidate : candidates_)
      if (candidate.depth == depth) within |= candidate.within;
    return (flags_[index_of(node)] & within) == within;
  }

  void spread(Node node) {
    const auto flags = flags_[index_of(node)];
    for (std::uint32_t i = 0; i < graph_.parent_count(node); ++i) push(graph_.parent(node, i), flags);
  }

  // Counts on until only commits are left that the tag contains.
  bool finish(Candidate& best) {
    while (!queue_.empty()) {
      if (walked_ >= k_max_commits) return false;
      if (flags_[index_of(queue_.top().node)] & best.within && all_within(best)) return true;
      const auto node = pop();
      if (!(flags_[index_of(node)] & best.within)) ++best.depth;
      spread(node);
    }
    return true;
  }

  bool all_within(const Candidate& best) {
    auto rest = queue_;
    for (; !rest.empty(); rest.pop())
      if (!(flags_[index_of(rest.top().node)] & best.within)) return false;
    return true;
  }

  CommitGraph& graph_;
  std::priority_queue<Waiting> queue_;
  std::uint32_t found_ = 0;
  std::size_t walked_ = 0;
  std::vector<Candidate> candidates_;
  std::unordered_map<std::uint32_t, std::uint32_t> flags_;
};

}  // namespace

TagNames::TagNames(git_repository* repository, CommitGraph& graph) {
  git_reference_iterator* raw = nullptr;
  if (git_reference_iterator_glob_new(&raw, repository, "refs/tags/*") < 0) return;
  const ReferenceIterator iterator(raw);
  const char* name = nullptr;
  for (std::size_t i = 0; i < k_max_tags && git_reference_next_name(&name, raw) == 0; ++i)
    add(repository, graph, name);
}

// Only annotated tags count, of several on one commit the one tagged last. A tag whose object is broken names
// nothing.
void TagNames::add(git_repository* repository, CommitGraph& graph, const char* ref) {
  git_oid id;
  if (git_reference_name_to_id(&id, repository, ref) < 0) return;
  git_tag* raw = nullptr;
  if (git_tag_lookup(&raw, repository, &id) < 0) return;
  const Handle<git_tag, git_tag_free> tag(raw);
  git_object* target = nullptr;
  if (git_tag_peel(&target, raw) < 0) return;
  const Object object(target);
  if (git_object_type(target) != GIT_OBJECT_COMMIT) return;
  const auto* tagger = git_tag_tagger(raw);
  const auto tagged_at = tagger ? static_cast<std::int64_t>(tagger->when.time) : 0;
  const auto [known, added] = by_commit_.try_emplace(index_of(graph.add(*git_object_id(target))));
  if (!added && known->second.tagged_at >= tagged_at) return;
  known->second = {std::string(std::string_view(ref).substr(std::string_view("refs/tags/").size())),
                   tagged_at};
}

std::string TagNames::describe(CommitGraph& graph, Node node, const std::string& short_id) const {
  const auto name_of = [&](Node at) -> const std::string* {
    const auto found = by_commit_.find(index_of(at));
    return found == by_commit_.end() ? nullptr : &found->second.name;
  };
  if (const auto* exact = name_of(node)) return *exact;
  const auto best = by_commit_.empty() ? std::nullopt : DescribeWalk(graph).nearest(node, name_of);
  return best ? *best->name + "-" + std::to_string(best->depth) + "-g" + short_id : "";
}

}  // namespace kverdict::git
