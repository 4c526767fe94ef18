// Patches as people have them (mails, `diff -u`, `git format-patch`) as libgit2 wants them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace kverdict::git {

// Keeps headers and hunks, drops the rest (mail, signature, "Index:" lines), and gives each plain
// "--- a/x +++ b/x" the "diff --git" line it lacks. The first component of plain names is dropped (patch
// -p1).
std::string as_git_diff(std::string_view patch);

}  // namespace kverdict::git
