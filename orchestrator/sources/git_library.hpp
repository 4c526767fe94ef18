// libgit2's handles and errors, in our terms. Included by the .cpp files of this room only.
//
// The clone is read as data: no hook, filter or program named by its configuration is ever run, and nothing
// is written. So it does not matter who owns it (git's safe.directory), and repository extensions that only
// change how git writes are accepted.
#pragma once

#include <git2.h>

#include <string>
#include <string_view>

#include "runners/host/handle.hpp"

namespace kverdict::git {

using Repository = Handle<git_repository, git_repository_free>;
using Odb = Handle<git_odb, git_odb_free>;
using OdbObject = Handle<git_odb_object, git_odb_object_free>;
using Object = Handle<git_object, git_object_free>;
using Commit = Handle<git_commit, git_commit_free>;
using Tree = Handle<git_tree, git_tree_free>;
using Reference = Handle<git_reference, git_reference_free>;
using ReferenceIterator = Handle<git_reference_iterator, git_reference_iterator_free>;
using Index = Handle<git_index, git_index_free>;
using Diff = Handle<git_diff, git_diff_free>;

// Starts libgit2 once per process, with the options above.
void start_library();

std::string hex(const git_oid& id);
git_oid oid_of(const std::string& hex_digits);  // UsageError unless 40 hex digits
std::string last_error();                       // libgit2's words for the error just returned

// Opens the repository that holds `path`. UsageError when there is none, or it cannot be read.
Repository open_repository(const std::string& path);
Odb odb_of(git_repository* repository);

// The object as stored, of the type wanted. UsageError when it is missing, broken or of another type.
OdbObject read_object(git_odb* odb, const git_oid& id, git_object_t type);
std::string_view bytes_of(const OdbObject& object);

}  // namespace kverdict::git
