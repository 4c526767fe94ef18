// The developers' voice: one file per session, never the terminal. The journal states facts, status speaks
// to the user; neither goes through here. Silent until it is opened. Thread-safe.
#pragma once

#include <filesystem>
#include <string_view>

namespace kverdict {

enum class LogLevel { debug, info, warning, error };

// From now on everything at or above `least` is appended to the file.
void open_log(const std::filesystem::path& path, LogLevel least);
void log(LogLevel level, std::string_view text);

inline void log_debug(std::string_view text) {
  log(LogLevel::debug, text);
}
inline void log_info(std::string_view text) {
  log(LogLevel::info, text);
}
inline void log_warning(std::string_view text) {
  log(LogLevel::warning, text);
}
inline void log_error(std::string_view text) {
  log(LogLevel::error, text);
}

}  // namespace kverdict
