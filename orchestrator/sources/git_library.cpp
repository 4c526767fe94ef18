#include "orchestrator/sources/git_library.hpp"

#include <algorithm>
#include <iterator>

#include "runners/error.hpp"

namespace kverdict::git {
namespace {

bool start_once() {
  if (git_libgit2_init() < 0) throw InfraError("libgit2 does not start: " + last_error());
  const char* extensions[] = {"partialclone", "worktreeconfig", "preciousobjects"};
  git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, std::size(extensions));
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
  return true;
}

const char* unreadable_hint() {
  return "; run `git fsck` in it, or fetch it again";
}

}  // namespace

void start_library() {
  [[maybe_unused]] static const bool started = start_once();
}

std::string hex(const git_oid& id) {
  char text[GIT_OID_HEXSZ + 1];
  return git_oid_tostr(text, sizeof text, &id);
}

git_oid oid_of(const std::string& hex_digits) {
  git_oid id;
  if (hex_digits.size() != GIT_OID_HEXSZ || git_oid_fromstr(&id, hex_digits.c_str()) != 0)
    throw UsageError("git: '" + hex_digits + "' is not a full commit id; give 40 hex digits");
  return id;
}

std::string last_error() {
  const auto* error = git_error_last();
  std::string text = error && error->message ? error->message : "unknown error";
  std::ranges::replace(text, '\n', ' ');
  return text;
}

Repository open_repository(const std::string& path) {
  start_library();
  git_repository* raw = nullptr;
  const int error = git_repository_open_ext(&raw, path.c_str(), 0, nullptr);
  if (error == GIT_ENOTFOUND)
    throw UsageError("git: " + path + " is not a git repository; name a clone of the kernel's sources");
  if (error < 0)
    throw UsageError("git: cannot open the repository " + path + ": " + last_error() + unreadable_hint());
  return Repository(raw);
}

Odb odb_of(git_repository* repository) {
  git_odb* raw = nullptr;
  if (git_repository_odb(&raw, repository) < 0)
    throw UsageError("git: cannot open the objects of " + std::string(git_repository_path(repository)) +
                     ": " + last_error() + unreadable_hint());
  return Odb(raw);
}

OdbObject read_object(git_odb* odb, const git_oid& id, git_object_t type) {
  git_odb_object* raw = nullptr;
  const int error = git_odb_read(&raw, odb, &id);
  if (error == GIT_ENOTFOUND)
    throw UsageError("git: the repository lacks object " + hex(id) + unreadable_hint());
  if (error < 0)
    throw UsageError("git: object " + hex(id) + " cannot be read: " + last_error() + unreadable_hint());
  OdbObject object(raw);
  if (git_odb_object_type(raw) != type)
    throw UsageError("git: object " + hex(id) + " is a " + git_object_type2string(git_odb_object_type(raw)) +
                     " where a " + git_object_type2string(type) + " is expected" + unreadable_hint());
  return object;
}

std::string_view bytes_of(const OdbObject& object) {
  return {static_cast<const char*>(git_odb_object_data(object.get())), git_odb_object_size(object.get())};
}

}  // namespace kverdict::git
