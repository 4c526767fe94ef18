// Where kverdict keeps its things: sessions under the XDG state home, what can be rebuilt under the cache
// home.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/cli/config.hpp"
#include "orchestrator/core/model/candidate.hpp"
#include "runners/host/file_lock.hpp"

namespace kverdict {

struct Places {
  std::filesystem::path state;  // sessions/, trials/, libvirt/
  std::filesystem::path cache;  // images/, builds/, initramfs/
};

Places find_places(const Config& config);

// FNV-1a, 64 bits, in hex: a name for a text, not a secret.
std::string text_digest(std::string_view text);

// One session's directory.
struct SessionPlace {
  std::filesystem::path directory;
  std::string name() const { return directory.filename().string(); }
  std::filesystem::path journal() const { return directory / "journal.jsonl"; }
  std::filesystem::path changes() const { return directory / "changes.txt"; }  // of the culprit's package
  // The packaged kernels to choose from, as they were when the session began.
  std::filesystem::path packages() const { return directory / "packages.json"; }
  std::filesystem::path lock() const { return directory / "lock"; }
  std::filesystem::path transcript(std::uint32_t trial, const CandidateId& candidate) const;
};

// A new session's directory: run.name, or one made of the repository's name and the time.
SessionPlace new_session(const Places& places, const Config& config,
                         std::chrono::system_clock::time_point now);
// By name, by directory, or the latest when the text is empty. UsageError names what is near.
SessionPlace find_session(const Places& places, const std::string& text);
// Newest first.
std::vector<SessionPlace> all_sessions(const Places& places);

// The session's lock, or UsageError that names its holder.
FileLock lock_session(const SessionPlace& place);

// A build slot of our own for this clone: the first whose lock is free. Worktree and output are kept between
// sessions, because an incremental build is worth minutes.
struct BuildSlot {
  std::filesystem::path directory;
  FileLock lock;
};
BuildSlot take_build_slot(const Places& places, const std::filesystem::path& clone);

}  // namespace kverdict
