// An object store of our own that borrows a clone's objects. The clone's are strictly read-only: libgit2
// would else touch the time stamp of a borrowed object when the same object is written anew.
#pragma once

#include <filesystem>

#include "orchestrator/sources/git_library.hpp"

namespace kverdict::git {

// `own` is an objects directory, made when missing; its info/alternates is written for git's use.
Odb borrow_objects(const std::filesystem::path& own, git_repository* clone);

}  // namespace kverdict::git
