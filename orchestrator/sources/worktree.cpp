#include "orchestrator/sources/worktree.hpp"

#include <time.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "orchestrator/sources/borrowed_objects.hpp"
#include "orchestrator/sources/git_library.hpp"
#include "orchestrator/sources/patch_text.hpp"
#include "orchestrator/sources/tree_diff.hpp"
#include "orchestrator/sources/tree_files.hpp"
#include "orchestrator/sources/worktree_record.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t k_max_patch = 64 << 20;
constexpr std::size_t k_max_path = 4096;  // what the system takes

timespec time_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now;
}

// Later than every file written before, whose stamps come from the coarser clock, and than the last stamp.
timespec stamp_after(const timespec& last) {
  auto stamp = time_of(CLOCK_REALTIME);
  if (git::before(last, stamp)) return stamp;
  stamp = last;
  if (++stamp.tv_nsec == 1'000'000'000) stamp = {stamp.tv_sec + 1, 0};
  return stamp;
}

bool is_kind(const struct stat& status, git::EntryKind kind) {
  switch (kind) {
    case git::EntryKind::file:
      return S_ISREG(status.st_mode) && !(status.st_mode & S_IXUSR);
    case git::EntryKind::executable:
      return S_ISREG(status.st_mode) && status.st_mode & S_IXUSR;
    case git::EntryKind::symlink:
      return S_ISLNK(status.st_mode);
    case git::EntryKind::directory:
    case git::EntryKind::submodule:
      return S_ISDIR(status.st_mode);
  }
  KV_CHECK(false);
}

}  // namespace

// The record file says which tree the directory holds; while a switch is under way it names none.
struct GitWorktree::State {
  enum class Belief { nothing, untouched };  // what is believed of files not touched since the record

  fs::path clone_path;
  fs::path directory, record_path;
  git::Odb odb;
  git::Repository repository;  // without a place on disk: for the calls that want one
  git::TreeFiles files;
  git::WorktreeRecord record;
  bool looked = false;                // at every file, once per process
  std::set<std::string> directories;  // of the tree in the directory, once looked
  timespec stamp{};                   // for what is written now
  Switch done;

  State(const fs::path& clone, const fs::path& own);
  git_oid root_of(const CandidateId& id);

  bool is_known() const { return !record.tree.empty(); }
  void begin();
  void end(const std::string& base, const git_oid& tree);
  Switch switch_to(const std::string& base, const git_oid& tree);

  void restore(const git_oid& tree, Belief belief) { restore_directory("", tree, belief); }
  void restore_directory(const std::string& path, const git_oid& tree, Belief belief);
  void restore_entry(const std::string& path, const git::TreeEntry& entry, Belief belief);
  void restore_touched(const git_oid& tree);
  void restore_one(const std::string& path, const git_oid& tree);
  bool holds(const std::string& path, const git::TreeEntry& entry, Belief belief);
  std::optional<git_oid> subtree(git_oid tree, std::string_view path);

  void apply_changes(const git_oid& before, const git_oid& after);
  void write(const std::string& path, const git::TreeEntry& entry);
  void remove(const std::string& path);
  void note_directories(std::string_view path);
  git_oid patched(const git_oid& tree, const fs::path& patch);
};

GitWorktree::State::State(const fs::path& clone, const fs::path& own)
    : clone_path(clone),
      directory(fs::absolute(own) / "tree"),
      record_path(fs::absolute(own) / "record"),
      files(directory) {
  const auto boot = git::host_boot();
  const auto objects = fs::absolute(own) / "repository" / "objects";
  record = git::WorktreeRecord::load(record_path).value_or(git::WorktreeRecord{});
  if (record.boot != boot) {
    record.base = record.tree = "";
    record.boot = boot;
    std::error_code
        ignored;  // only results of patches are there; what stays behind is found again by its hash
    fs::remove_all(objects, ignored);
  }
  const auto theirs = git::open_repository(clone.string());
  odb = git::borrow_objects(objects, theirs.get());
  if (git_repository_wrap_odb(repository.out(), odb.get()) < 0)
    throw InfraError("libgit2: " + git::last_error());
}

git_oid GitWorktree::State::root_of(const CandidateId& id) {
  git_commit* raw = nullptr;
  const auto oid = git::oid_of(id.value);
  if (git_commit_lookup(&raw, repository.get(), &oid) < 0)
    throw UsageError("git: commit " + id.value + " cannot be read from " + clone_path.string() + ": " +
                     git::last_error());
  const git::Commit commit(raw);
  return *git_commit_tree_id(raw);
}

void GitWorktree::State::begin() {
  record.stamp = stamp = stamp_after(record.stamp);
  auto under_way = record;
  under_way.base = under_way.tree = "";
  under_way.save(record_path);
  files.forget();
  done = {};
}

void GitWorktree::State::end(const std::string& base, const git_oid& tree) {
  record.settled = time_of(CLOCK_REALTIME_COARSE);
  record.base = base;
  record.tree = git::hex(tree);
  record.save(record_path);
  looked = true;
}

// When this is left by an exception, nothing is known any more until a switch ends.
GitWorktree::Switch GitWorktree::State::switch_to(const std::string& base, const git_oid& tree) {
  begin();
  const auto was = std::exchange(record.tree, "");
  if (was.empty()) {
    restore(tree, Belief::nothing);
  } else {
    const auto current = git::oid_of(was);
    if (looked)
      restore_touched(current);
    else
      restore(current, Belief::untouched);
    apply_changes(current, tree);
  }
  end(base, tree);
  return done;
}

void GitWorktree::State::restore_directory(const std::string& path, const git_oid& tree, Belief belief) {
  if (path.size() > k_max_path)
    throw UsageError("git: tree " + git::hex(tree) + " is nested too deeply to check out");
  const auto entries = git::read_tree(odb.get(), tree);
  const auto prefix = path.empty() ? "" : path + "/";
  for (const auto& name : files.names_in(path))
    if (!std::ranges::binary_search(entries, name, {}, &git::TreeEntry::name)) remove(prefix + name);
  for (const auto& entry : entries) restore_entry(prefix + entry.name, entry, belief);
}

void GitWorktree::State::restore_entry(const std::string& path, const git::TreeEntry& entry, Belief belief) {
  if (entry.kind == git::EntryKind::directory) {
    directories.insert(path);
    return restore_directory(path, entry.id, belief);
  }
  if (!holds(path, entry, belief)) write(path, entry);
}

// Directories whose entries changed since the last switch; files edited in place are found there too.
void GitWorktree::State::restore_touched(const git_oid& tree) {
  restore_one("", tree);
  const auto known = directories;
  for (const auto& path : known) restore_one(path, tree);
}

void GitWorktree::State::restore_one(const std::string& path, const git_oid& tree) {
  const auto status = files.status(path.empty() ? "." : path);
  if (status && S_ISDIR(status->st_mode) && git::before(status->st_ctim, record.settled)) return;
  const auto own_tree = subtree(tree, path);
  if (!own_tree) {
    directories.erase(path);
    return;
  }
  if (!status || !S_ISDIR(status->st_mode)) return restore_directory(path, *own_tree, Belief::untouched);
  const auto entries = git::read_tree(odb.get(), *own_tree);
  const auto prefix = path.empty() ? "" : path + "/";
  for (const auto& name : files.names_in(path))
    if (!std::ranges::binary_search(entries, name, {}, &git::TreeEntry::name)) remove(prefix + name);
  for (const auto& entry : entries)
    if (entry.kind != git::EntryKind::directory) restore_entry(prefix + entry.name, entry, Belief::untouched);
}

std::optional<git_oid> GitWorktree::State::subtree(git_oid tree, std::string_view path) {
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto entry = git::find_entry(odb.get(), tree, path.substr(0, slash));
    if (!entry || entry->kind != git::EntryKind::directory) return std::nullopt;
    tree = entry->id;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return tree;
}

bool GitWorktree::State::holds(const std::string& path, const git::TreeEntry& entry, Belief belief) {
  const auto status = files.status(path);
  if (!status || !is_kind(*status, entry.kind)) return false;
  if (entry.kind == git::EntryKind::submodule) return files.names_in(path).empty();
  if (belief == Belief::untouched && git::before(status->st_ctim, record.settled)) return true;
  // One byte more, to see a file grow.
  const auto content = files.read(path, entry.kind, static_cast<std::size_t>(status->st_size) + 1);
  git_oid id;
  return git_odb_hash(&id, content.data(), content.size(), GIT_OBJECT_BLOB) == 0 &&
         git_oid_equal(&id, &entry.id);
}

void GitWorktree::State::apply_changes(const git_oid& before, const git_oid& after) {
  std::vector<std::string> vanished;
  std::vector<std::pair<std::string, git::TreeEntry>> changed;
  git::diff_trees(odb.get(), &before, &after, [&](const git::TreeChange& change) {
    if (change.after)
      changed.emplace_back(change.path, *change.after);
    else
      vanished.emplace_back(change.path);
    return git::Visit::more;
  });
  for (const auto& path : vanished) remove(path);
  for (const auto& [path, entry] : changed) write(path, entry);
}

void GitWorktree::State::write(const std::string& path, const git::TreeEntry& entry) {
  note_directories(path);
  ++done.written;
  if (entry.kind == git::EntryKind::submodule) return files.write(path, entry.kind, "", stamp);
  const auto blob = git::read_object(odb.get(), entry.id, GIT_OBJECT_BLOB);
  files.write(path, entry.kind, git::bytes_of(blob), stamp);
}

void GitWorktree::State::remove(const std::string& path) {
  files.remove(path);
  ++done.removed;
}

void GitWorktree::State::note_directories(std::string_view path) {
  for (auto slash = path.rfind('/'); slash != std::string_view::npos; slash = path.rfind('/')) {
    path = path.substr(0, slash);
    if (!directories.emplace(path).second) return;
  }
}

git_oid GitWorktree::State::patched(const git_oid& tree, const fs::path& patch) {
  const auto text = git::as_git_diff(read_file(patch, k_max_patch));
  const auto refuse = [&](const std::string& what) {
    throw UsageError("patch " + patch.string() + " " + what);
  };
  if (text.empty()) refuse("holds no change; give a `diff -u` or `git diff`");
  git::Diff diff;
  if (git_diff_from_buffer(diff.out(), text.data(), text.size()) < 0)
    refuse("cannot be read: " + git::last_error());
  git::Tree before;
  git::Index index;
  if (git_tree_lookup(before.out(), repository.get(), &tree) < 0)
    throw InfraError("libgit2: " + git::last_error());
  if (git_apply_to_tree(index.out(), repository.get(), before.get(), diff.get(), nullptr) < 0)
    refuse("does not apply: " + git::last_error());
  git_oid after;
  if (git_index_write_tree_to(&after, index.get(), repository.get()) < 0)
    throw InfraError("cannot store the patched tree below " + directory.string() + ": " + git::last_error());
  return after;
}

GitWorktree::GitWorktree(const fs::path& clone, const fs::path& own)
    : state_(std::make_unique<State>(clone, own)) {}
GitWorktree::GitWorktree(GitWorktree&&) noexcept = default;
GitWorktree::~GitWorktree() = default;

const fs::path& GitWorktree::directory() const {
  return state_->directory;
}

GitWorktree::Switch GitWorktree::checkout(const CandidateId& id) {
  const auto tree = state_->root_of(id);
  return state_->switch_to(git::hex(tree), tree);
}

void GitWorktree::apply_patch(const fs::path& patch) {
  KV_CHECK(state_->is_known());
  state_->switch_to(state_->record.base, state_->patched(git::oid_of(state_->record.tree), patch));
}

void GitWorktree::undo_patch() {
  KV_CHECK(state_->is_known());
  state_->switch_to(state_->record.base, git::oid_of(state_->record.base));
}

std::string GitWorktree::tree() const {
  return state_->record.tree;
}

}  // namespace kverdict
