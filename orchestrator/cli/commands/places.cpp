#include "orchestrator/cli/commands/places.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "orchestrator/drive/session.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "workloads/nearest.hpp"

namespace kverdict {
namespace fs = std::filesystem;
namespace {

constexpr unsigned k_most_slots = 64;

// $VARIABLE/kverdict, else ~/FALLBACK/kverdict.
fs::path xdg(const char* variable, const char* fallback) {
  if (const char* set = std::getenv(variable); set != nullptr && *set == '/')
    return fs::path(set) / "kverdict";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0')
    throw UsageError(std::string("neither ") + variable + " nor HOME is set; set one of them");
  return fs::path(home) / fallback / "kverdict";
}

std::string time_text(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &local);
  return text;
}

std::string plain_name(const std::string& text) {
  std::string name;
  for (const char c : text)
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ? c : '-';
  return name.empty() ? "session" : name.substr(0, 40);
}

// What a session is called after.
std::string subject_name(const Config& config) {
  const auto& source = config.source;
  if (source.type == SourceType::packages && !source.packages.empty()) {
    const auto& first = source.packages.front();
    return plain_name(first.substr(first.rfind('/') + 1));
  }
  if (source.type == SourceType::packages) return "packages";
  auto path = fs::weakly_canonical(config.source.repo);
  if (path.filename() == ".git" || path.filename().empty()) path = path.parent_path();
  return plain_name(path.filename().string());
}

}  // namespace

std::string text_digest(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char digits[20];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

Places find_places(const Config& config) {
  return {config.run.state.empty() ? xdg("XDG_STATE_HOME", ".local/state") : config.run.state,
          xdg("XDG_CACHE_HOME", ".cache")};
}

fs::path SessionPlace::transcript(std::uint32_t trial, const CandidateId& candidate) const {
  return directory / "trials" / trial_directory(trial, candidate) / "transcript.log";
}

SessionPlace new_session(const Places& places, const Config& config,
                         std::chrono::system_clock::time_point now) {
  const auto name = config.run.name.empty() ? subject_name(config) + "-" + time_text(now) : config.run.name;
  SessionPlace place{places.state / "sessions" / name};
  if (fs::exists(place.journal()))
    throw UsageError("session " + name + " exists already; `kverdict resume " + name +
                     "` goes on with it, --name starts another");
  make_dirs(place.directory);
  return place;
}

std::vector<SessionPlace> all_sessions(const Places& places) {
  std::vector<std::pair<fs::file_time_type, SessionPlace>> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(places.state / "sessions", none)) {
    const SessionPlace place{entry.path()};
    const auto changed = fs::last_write_time(place.journal(), none);
    if (!none) found.emplace_back(changed, place);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second.directory < b.second.directory;
  });
  std::vector<SessionPlace> places_found;
  for (auto& [changed, place] : found) places_found.push_back(std::move(place));
  return places_found;
}

SessionPlace find_session(const Places& places, const std::string& text) {
  const auto all = all_sessions(places);
  if (text.empty()) {
    if (all.empty()) throw UsageError("there is no session yet; `kverdict run` starts one");
    return all.front();
  }
  for (const SessionPlace& place :
       {SessionPlace{places.state / "sessions" / text}, SessionPlace{fs::absolute(text)}})
    if (fs::exists(place.journal())) return place;
  std::vector<std::string> names;
  for (const auto& place : all) names.push_back(place.name());
  const std::vector<std::string_view> views(names.begin(), names.end());
  throw UsageError("no session '" + text + "'" + did_you_mean(text, views) + "; `kverdict list` names all");
}

FileLock lock_session(const SessionPlace& place) {
  auto lock = FileLock::acquire(place.lock());
  if (const auto* holder = std::get_if<LockHolder>(&lock))
    throw UsageError("session " + place.name() + " is in use by " + holder->text +
                     "; wait for it or stop it");
  return std::get<FileLock>(std::move(lock));
}

BuildSlot take_build_slot(const Places& places, const fs::path& clone) {
  const auto parent = places.cache / "builds" / text_digest(fs::weakly_canonical(clone).string());
  for (unsigned number = 0; number < k_most_slots; ++number) {
    const auto directory = parent / ("slot" + std::to_string(number));
    make_dirs(directory);
    auto lock = FileLock::acquire(directory / "lock");
    if (auto* ours = std::get_if<FileLock>(&lock)) return {directory, std::move(*ours)};
  }
  throw InfraError("all " + std::to_string(k_most_slots) + " build slots in " + parent.string() +
                   " are in use");
}

}  // namespace kverdict
