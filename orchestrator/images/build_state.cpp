#include "orchestrator/images/build_state.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int k_format = 2;
constexpr std::size_t k_max_state = 64 << 20;
constexpr std::size_t k_max_record = 16 << 20;
constexpr const char* k_state = ".kverdict-state.json";
constexpr const char* k_stamp = ".kverdict-began";

bool has_type(const json& state, const char* key, json::value_t type) {
  return state.contains(key) && state[key].type() == type;
}

bool is_state(const json& state) {
  return state.is_object() && state.contains("format") && state["format"] == k_format &&
         has_type(state, "candidates", json::value_t::array) && !state["candidates"].empty() &&
         has_type(state, "config_key", json::value_t::string) &&
         has_type(state, "whole", json::value_t::boolean) &&
         has_type(state, "pending", json::value_t::array) &&
         has_type(state, "making", json::value_t::array) && has_type(state, "warnings", json::value_t::array);
}

std::vector<std::string> texts(const json& array) {
  std::vector<std::string> all;
  for (const auto& item : array)
    if (item.is_string()) all.push_back(item.get<std::string>());
  return all;
}

// kbuild's record of how a file was made: dir/.name.cmd for dir/name.
fs::path record_of(const fs::path& file) {
  return file.parent_path() / ("." + file.filename().string() + ".cmd");
}

bool is_record(const fs::path& file) {
  const auto name = file.filename().string();
  return name.starts_with('.') && name.ends_with(".cmd");
}

bool is_torn(const fs::path& record) {
  const auto text = read_file_if_there(record, k_max_record);
  return !text || !is_whole_record(*text);
}

// Was this file, written by the interrupted build, finished? Make writes the record after the file.
bool is_finished(const fs::path& file) {
  std::error_code error;
  const auto record = record_of(file);
  if (!fs::is_regular_file(record, error) || is_torn(record)) return false;
  return fs::file_size(file, error) > 0 &&
         fs::last_write_time(record, error) >= fs::last_write_time(file, error);
}

// Written as one step by kconfig (or empty by intent). Made again they would be newer than every object.
bool is_configuration(const fs::path& file, const fs::path& output) {
  const auto path = file.lexically_relative(output).string();
  if (path == "include/config/auto.conf" || path == "include/generated/autoconf.h") {
    std::error_code error;
    return fs::file_size(file, error) > 0;
  }
  return path.starts_with("include/config/") && path != "include/config/auto.conf.cmd";
}

bool must_stay(const fs::path& file, const fs::path& output) {
  const auto name = file.filename().string();
  return name == ".config" || name == k_stamp || is_configuration(file, output);
}

}  // namespace

// The rule for the dependencies comes last, but for one line that kbuild adds where objtool runs.
bool is_whole_record(std::string_view text) {
  if (text.empty() || text.back() != '\n') return false;
  if (text.find("\ndeps_") == std::string_view::npos) return true;
  const auto rule = text.rfind("\n$(deps_");
  if (rule == std::string_view::npos) return false;
  const auto line = text.substr(rule + 1, text.find('\n', rule + 1) - rule - 1);
  return line.ends_with("):") && (text.ends_with("):\n") || text.ends_with(")\n"));
}

std::optional<BuildState> load_build_state(const fs::path& output) {
  const auto text = read_file_if_there(output / k_state, k_max_state);
  if (!text) return std::nullopt;
  const auto record = json::parse(*text, nullptr, false);
  if (!is_state(record)) return std::nullopt;
  BuildState state;
  for (auto& id : texts(record["candidates"])) state.candidates.push_back({std::move(id)});
  state.config_key = record["config_key"].get<std::string>();
  state.whole = record["whole"].get<bool>();
  for (auto& path : texts(record["pending"])) state.pending.insert(std::move(path));
  state.making = texts(record["making"]);
  state.warnings = texts(record["warnings"]);
  return state;
}

void store_build_state(const fs::path& output, const BuildState& state) {
  std::vector<std::string> candidates;
  for (const auto& id : state.candidates) candidates.push_back(id.value);
  const json record = {
      {"format", k_format},        {"candidates", candidates}, {"config_key", state.config_key},
      {"whole", state.whole},      {"pending", state.pending}, {"making", state.making},
      {"warnings", state.warnings}};
  // A path of a hostile tree may be no UTF-8: then it is replaced, and matches nothing that can be skipped.
  write_file(output / k_state, record.dump(1, ' ', false, json::error_handler_t::replace),
             Durability::synced);
}

void begin_build(const fs::path& output) {
  make_dirs(output);
  std::error_code error;
  fs::remove(output / k_state, error);
  sync_directory(output);
  write_file(output / k_stamp, "");
}

unsigned remove_unfinished_files(const fs::path& output) {
  std::error_code error;
  const auto began = fs::last_write_time(output / k_stamp, error);
  std::vector<fs::path> doomed;
  for (fs::recursive_directory_iterator at(output, error), end; !error && at != end; at.increment(error)) {
    const auto& file = at->path();
    if (!at->is_regular_file() || must_stay(file, output) || at->last_write_time() < began) continue;
    const bool unfinished = is_record(file) ? is_torn(file) : !is_finished(file);
    if (unfinished) doomed.push_back(file);
  }
  for (const auto& file : doomed) {
    fs::remove(file, error);
    fs::remove(record_of(file), error);
  }
  return static_cast<unsigned>(doomed.size());
}

}  // namespace kverdict
