// Revisions as users write them, and what to tell them when one does not exist.
#pragma once

#include <string>

#include "orchestrator/sources/git_library.hpp"

namespace kverdict::git {

// The commit a revision names, tags peeled. `role` says whose revision it is ("bad", "good").
git_oid commit_named(git_repository* repository, const std::string& role, const std::string& revision);

}  // namespace kverdict::git
