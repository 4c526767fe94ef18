#include "orchestrator/sources/git_source.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>

#include "orchestrator/sources/commit_graph.hpp"
#include "orchestrator/sources/describe.hpp"
#include "orchestrator/sources/git_library.hpp"
#include "orchestrator/sources/merge_base.hpp"
#include "orchestrator/sources/path_limit.hpp"
#include "orchestrator/sources/range_walk.hpp"
#include "orchestrator/sources/revision.hpp"
#include "orchestrator/sources/tree_diff.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_max_text = 64 * 1024;  // of a commit message that is shown

// Commit text goes to terminals and reports: no escape sequences, no endless messages.
std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, k_max_text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') continue;
    result += (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f ? '?' : c;
  }
  return result;
}

std::string iso_date(const git_time& when) {
  const std::time_t local = when.time + when.offset * 60;
  std::tm fields{};
  if (!gmtime_r(&local, &fields)) return "";
  char date[64];
  const auto length = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &fields);
  const int minutes = std::abs(when.offset);
  char zone[16];
  std::snprintf(zone, sizeof zone, "%c%02d:%02d", when.offset < 0 ? '-' : '+', minutes / 60 % 100,
                minutes % 60);
  return std::string(date, length) + zone;
}

}  // namespace

// The clone, what was read of it so far, and the steps of resolve().
struct GitSource::State {
  git::Repository repository;
  git::Odb odb;
  git::CommitGraph graph;
  std::optional<git::TagNames> tags;

  explicit State(const std::filesystem::path& path)
      : repository(git::open_repository(path)),
        odb(git::odb_of(repository.get())),
        graph(repository.get(), odb.get()) {}

  git::Node node_named(const std::string& role, const std::string& revision) {
    return graph.add(git::commit_named(repository.get(), role, revision));
  }
  git::Node node_of(const CandidateId& id) { return graph.add(git::oid_of(id.value)); }
  CandidateId id_of(git::Node node) const { return {git::hex(graph.at(node).id)}; }
  std::string shown(git::Node node, const std::string& revision) const {
    return "'" + revision + "' (" + kverdict::short_id(id_of(node)) + ")";
  }
  std::string short_id(const git_oid& id);

  std::vector<CandidateId> unproved_bases(const RangeSpec& spec, git::Node bad,
                                          const std::vector<git::Node>& goods);
  void check_good(const RangeSpec& spec, git::Node bad, git::Node good, const std::string& revision);
  void check_not_cut(const std::vector<git::Node>& listed);
  void add_all(History::Builder& builder, const git::RangeWalk& walk);
  [[noreturn]] void refuse_empty(const RangeSpec& spec, git::Node bad);
};

// A good end must be an ancestor of bad, or at least share one with it.
void GitSource::State::check_good(const RangeSpec& spec, git::Node bad, git::Node good,
                                  const std::string& revision) {
  if (good == bad)
    throw UsageError("range: bad " + shown(bad, spec.bad) + " and good '" + revision +
                     "' are the same commit; name an older good one");
  const auto bases = git::merge_bases(graph, bad, {good});
  if (bases.empty()) {
    const bool shallow = git_repository_is_shallow(repository.get()) == 1;
    throw UsageError("range: good " + shown(good, revision) + " and bad " + shown(bad, spec.bad) +
                     " share no history" +
                     (shallow ? " in this shallow clone; `git fetch --unshallow` gets the rest"
                              : "; name a good commit of the same tree of history"));
  }
  if (bases.front() == bad)
    throw UsageError("range: good " + shown(good, revision) + " is a descendant of bad " +
                     shown(bad, spec.bad) +
                     "; exchange good and bad (to look for a fix, call the fixed end bad)");
}

// git's check of merge bases: what a good end that is no ancestor of bad shares with it must be good, too.
std::vector<CandidateId> GitSource::State::unproved_bases(const RangeSpec& spec, git::Node bad,
                                                          const std::vector<git::Node>& goods) {
  for (std::size_t i = 0; i < goods.size(); ++i) check_good(spec, bad, goods[i], spec.goods[i]);
  std::vector<CandidateId> result;
  for (const auto base : git::merge_bases(graph, bad, goods))
    if (std::ranges::find(goods, base) == goods.end()) result.push_back(id_of(base));
  return result;
}

void GitSource::State::check_not_cut(const std::vector<git::Node>& listed) {
  for (const auto node : listed)
    if (graph.at(node).shallow)
      throw UsageError("range: the clone is shallow and ends inside the range, at " + id_of(node).value +
                       "; `git fetch --unshallow` gets the rest");
}

void GitSource::State::refuse_empty(const RangeSpec& spec, git::Node bad) {
  if (spec.paths.empty())
    throw UsageError("range: no commit lies between the good ends and bad " + shown(bad, spec.bad) +
                     "; name an older good one or a newer bad one");
  std::string paths;
  for (const auto& path : spec.paths) paths += " " + path;
  throw UsageError("range: no commit between the good ends and bad " + shown(bad, spec.bad) + " changes" +
                   paths + "; check the paths, they start at the top of the tree");
}

void GitSource::State::add_all(History::Builder& builder, const git::RangeWalk& walk) {
  for (const auto node : walk.listed()) {
    std::vector<CandidateId> parents;
    for (const auto parent : walk.listed_parents(node)) parents.push_back(id_of(parent));
    builder.add(id_of(node), std::move(parents), static_cast<std::int64_t>(graph.at(node).date));
  }
}

std::string GitSource::State::short_id(const git_oid& id) {
  git_object* raw = nullptr;
  if (git_object_lookup(&raw, repository.get(), &id, GIT_OBJECT_COMMIT) < 0)
    return git::hex(id).substr(0, 12);
  const git::Object object(raw);
  git_buf buffer = GIT_BUF_INIT;
  if (git_object_short_id(&buffer, raw) < 0) return git::hex(id).substr(0, 12);
  std::string text(buffer.ptr, buffer.size);
  git_buf_dispose(&buffer);
  return text;
}

GitSource::GitSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
GitSource::GitSource(GitSource&&) noexcept = default;
GitSource::~GitSource() = default;

GitSource GitSource::open(const std::filesystem::path& path) {
  return GitSource(std::make_unique<State>(path));
}

Range GitSource::resolve(const RangeSpec& spec) {
  auto& state = *state_;
  if (spec.goods.empty()) throw UsageError("range: no good revision is given; name at least one");
  const auto bad = state.node_named("bad", spec.bad);
  std::vector<git::Node> goods;
  for (const auto& good : spec.goods) goods.push_back(state.node_named("good", good));
  const git::PathLimit limit(spec.paths);

  Range range;
  range.merge_bases = state.unproved_bases(spec, bad, goods);
  git::RangeWalk walk(state.graph, state.odb.get(), limit, spec.ancestry);
  walk.run(bad, goods);
  if (walk.listed().empty()) state.refuse_empty(spec, bad);
  state.check_not_cut(walk.walked());

  History::Builder builder;
  const auto ends = walk.ends(bad);
  if (ends.size() == 1) {
    range.bad = state.id_of(ends.front());
  } else {
    std::vector<CandidateId> parents;
    for (const auto end : ends) parents.push_back(state.id_of(end));
    range.bad = state.id_of(bad);
    builder.add(range.bad, std::move(parents), static_cast<std::int64_t>(state.graph.at(bad).date));
  }
  state.add_all(builder, walk);
  range.history = std::move(builder).build();
  for (const auto good : goods) range.goods.push_back(state.id_of(good));
  return range;
}

CandidateId GitSource::commit_of(const std::string& revision) {
  return {git::hex(git::commit_named(state_->repository.get(), "the", revision))};
}

bool GitSource::is_ancestor(const CandidateId& ancestor, const CandidateId& descendant) {
  const auto older = state_->node_of(ancestor);
  const auto bases = git::merge_bases(state_->graph, state_->node_of(descendant), {older});
  return std::ranges::find(bases, older) != bases.end();
}

CandidateInfo GitSource::describe(const CandidateId& id) {
  const auto oid = git::oid_of(id.value);
  git_commit* raw = nullptr;
  if (git_commit_lookup(&raw, state_->repository.get(), &oid) < 0)
    throw UsageError("git: commit " + id.value + " cannot be read: " + git::last_error());
  const git::Commit commit(raw);
  const auto* author = git_commit_author(raw);
  const char* message = git_commit_message(raw);
  const char* subject = git_commit_summary(raw);
  CandidateInfo info;
  info.id = id;
  info.message = printable(message ? message : "");
  info.subject = printable(subject ? subject : "");
  if (author) {
    info.author = printable(std::string(author->name) + " <" + author->email + ">");
    info.date = iso_date(author->when);
  }
  for (unsigned i = 0; i < git_commit_parentcount(raw); ++i)
    info.parents.push_back({git::hex(*git_commit_parent_id(raw, i))});
  return info;
}

std::string GitSource::tree_of(const CandidateId& id) {
  return git::hex(state_->graph.parsed(state_->node_of(id)).tree);
}

std::vector<std::string> GitSource::changed_paths(const CandidateId& from, const CandidateId& to) {
  const auto before = state_->graph.parsed(state_->node_of(from)).tree;
  const auto after = state_->graph.parsed(state_->node_of(to)).tree;
  std::vector<std::string> paths;
  git::diff_trees(state_->odb.get(), &before, &after, [&](const git::TreeChange& change) {
    paths.emplace_back(change.path);
    return git::Visit::more;
  });
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

std::optional<std::string> GitSource::file_at(const CandidateId& id, const std::string& path,
                                              std::size_t most) {
  auto* odb = state_->odb.get();
  auto tree = state_->graph.parsed(state_->node_of(id)).tree;
  std::string_view rest = path;
  for (;;) {
    const auto slash = rest.find('/');
    const auto entry = git::find_entry(odb, tree, rest.substr(0, slash));
    if (!entry) return std::nullopt;
    const bool last = slash == std::string_view::npos;
    const bool file = entry->kind == git::EntryKind::file || entry->kind == git::EntryKind::executable;
    if (last != file || (!last && entry->kind != git::EntryKind::directory)) return std::nullopt;
    if (last) {
      const auto object = git::read_object(odb, entry->id, GIT_OBJECT_BLOB);
      const auto bytes = git::bytes_of(object);
      if (bytes.size() > most) return std::nullopt;
      return std::string(bytes);
    }
    tree = entry->id;
    rest.remove_prefix(slash + 1);
  }
}

std::string GitSource::name(const CandidateId& id) {
  const auto node = state_->node_of(id);
  const auto short_id = state_->short_id(state_->graph.parsed(node).id);
  if (!state_->tags) state_->tags.emplace(state_->repository.get(), state_->graph);
  const auto described = state_->tags->describe(state_->graph, node, short_id);
  return described.empty() ? short_id : described;
}

}  // namespace kverdict
