// The configuration from all its places: flag > KVERDICT_* > ./kverdict.toml (or --config) > user > system.
// A value replaces the one below it as a whole, lists and tables too. Every value knows its origin, and all
// that is wrong is collected, so that one run of `config check` tells everything.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/cli/config.hpp"
#include "orchestrator/cli/keys.hpp"

namespace kverdict {

enum class Layer { builtin, system, user, project, environment, flag };
const char* to_string(Layer layer);

struct Origin {
  Layer layer = Layer::builtin;
  std::string where;  // "kverdict.toml:12", "KVERDICT_BUILD_JOBS", "--jobs"; empty = built in
  bool operator==(const Origin&) const = default;
};

// One key as given on the command line.
struct FlagSetting {
  std::string flag;  // as typed: "--jobs"
  std::string key;   // "build.jobs"
  std::vector<std::string> texts;
  bool operator==(const FlagSetting&) const = default;
};

struct ConfigInputs {
  std::filesystem::path directory;            // ours: relative paths of flags and variables start here
  std::optional<std::filesystem::path> file;  // --config, else $KVERDICT_CONFIG, else ./kverdict.toml
  std::map<std::string, std::string> environment;
  std::vector<FlagSetting> flags;
  std::filesystem::path system_file = "/etc/kverdict/config.toml";
};

// This process' environment and directory.
ConfigInputs process_inputs(std::optional<std::filesystem::path> file, std::vector<FlagSetting> flags);

struct LoadedConfig {
  Config config;
  std::map<std::string, Origin, std::less<>> origins;  // of keys that are not built in
  std::vector<std::filesystem::path> files;            // read, lowest first
  std::vector<Problem> problems;

  Origin origin(std::string_view key) const;
};

// Reads; never throws for what stands in a file, a variable or a flag: see problems.
LoadedConfig read_config(const ConfigInputs& inputs);

// What a command needs of a configuration.
enum class Need {
  files,    // what is there fits together (config check)
  trial,    // one candidate can be tried
  session,  // a range can be bisected
};

// What is missing or does not fit together, the existence of named files included.
std::vector<Problem> check_config(const LoadedConfig& loaded, Need need);

// read_config and check_config; throws UsageError with the first problem and the number of others.
LoadedConfig load_config(const ConfigInputs& inputs, Need need);

}  // namespace kverdict
