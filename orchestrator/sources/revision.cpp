#include "orchestrator/sources/revision.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "runners/error.hpp"

namespace kverdict::git {
namespace {

constexpr std::size_t k_max_refs = 50'000;  // looked at for a likely name
constexpr std::size_t k_max_length = 256;   // of a name that is compared

std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

// The name without what follows it in a revision (~3, ^{commit}, @{1}, :path).
std::string_view base_name(std::string_view revision) {
  return revision.substr(0, revision.find_first_of("~^@:"));
}

std::string_view short_name(std::string_view ref) {
  for (const std::string_view prefix : {"refs/tags/", "refs/heads/", "refs/remotes/"})
    if (ref.starts_with(prefix)) return ref.substr(prefix.size());
  return {};
}

std::optional<std::string> nearest_ref(git_repository* repository, std::string_view wanted) {
  git_reference_iterator* raw = nullptr;
  if (wanted.empty() || wanted.size() > k_max_length || git_reference_iterator_new(&raw, repository) < 0)
    return {};
  const ReferenceIterator iterator(raw);
  std::optional<std::string> best;
  std::size_t best_edits = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  const char* name = nullptr;
  for (std::size_t looked = 0; looked < k_max_refs && git_reference_next_name(&name, raw) == 0; ++looked) {
    const auto candidate = short_name(name);
    if (candidate.empty() || candidate.size() > k_max_length) continue;
    const auto edits = edits_between(wanted, candidate);
    if (edits >= best_edits) continue;
    best = candidate;
    best_edits = edits;
  }
  return best;
}

[[noreturn]] void refuse(git_repository* repository, const std::string& where, const std::string& revision,
                         int error) {
  const auto words = last_error();
  if (error == GIT_EAMBIGUOUS) throw UsageError(where + " is ambiguous; give more digits of the id");
  if (error != GIT_ENOTFOUND) throw UsageError(where + " cannot be resolved: " + words);
  std::string advice = "; fetch it, or check its spelling";
  if (const auto near = nearest_ref(repository, base_name(revision)))
    advice = "; did you mean '" + *near + "'?";
  else if (git_repository_is_shallow(repository) == 1)
    advice = "; the clone is shallow: `git fetch --unshallow --tags` gets the rest";
  throw UsageError(where + " is not known in " + git_repository_path(repository) + advice);
}

}  // namespace

git_oid commit_named(git_repository* repository, const std::string& role, const std::string& revision) {
  const auto where = role + " revision '" + revision + "'";
  if (revision.empty()) throw UsageError(where + " is empty; name a commit, tag or branch");
  if (revision.starts_with('-'))
    throw UsageError(where + " looks like an option; name a commit, tag or branch");
  if (revision.find("..") != std::string::npos)
    throw UsageError(where + " is a range; name one commit (the ends are given as bad and good)");
  git_object* raw = nullptr;
  if (const int error = git_revparse_single(&raw, repository, revision.c_str()); error < 0)
    refuse(repository, where, revision, error);
  const Object object(raw);
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, raw, GIT_OBJECT_COMMIT) < 0)
    throw UsageError(where + " is a " + git_object_type2string(git_object_type(raw)) +
                     ", not a commit; name a commit, tag or branch");
  const Object commit(peeled);
  return *git_object_id(peeled);
}

}  // namespace kverdict::git
