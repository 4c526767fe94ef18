#include "runners/host/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "runners/error.hpp"

namespace kverdict {

namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// shared_ptr because spdlog's loggers share their sinks.
spdlog::logger& logger() {
  static auto silent = std::make_shared<spdlog::sinks::null_sink_mt>();
  static spdlog::logger instance("kverdict", silent);
  return instance;
}

}  // namespace

void open_log(const std::filesystem::path& path, LogLevel least) {
  try {
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    logger().sinks().assign(1, file);
  } catch (const spdlog::spdlog_ex& error) {
    throw InfraError("cannot open the log: " + std::string(error.what()));
  }
  logger().set_pattern("%Y-%m-%d %H:%M:%S.%e %L %t %v");
  logger().set_level(level_of(least));
  logger().flush_on(spdlog::level::warn);
}

void log(LogLevel level, std::string_view text) {
  logger().log(level_of(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace kverdict
