// From the culprit among packages into git: the session that goes on between the upstream tags of the two
// neighbours, as a configuration file of its own.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "orchestrator/cli/commands/opened.hpp"
#include "orchestrator/images/package_provider.hpp"

namespace kverdict {

// Why there is nothing to bisect in git, for the user.
struct NoGitSession {
  std::string reason;
};

// Writes then-git.toml and the distribution's configuration into the session's directory; returns the file.
// Uses the culprit's package, which was asked before.
std::variant<NoGitSession, std::filesystem::path> plan_git_session(const OpenedSession& session,
                                                                   const Report& report,
                                                                   const std::string& distribution_config);

// Writes what the culprit's package changed into the session's directory; nothing when it does not tell.
void keep_changes(const SessionPlace& place, const Report& report, const std::string& changelog);

}  // namespace kverdict
