#include "orchestrator/cli/load.hpp"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>

#include "runners/error.hpp"
#include "workloads/nearest.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t k_largest_file = 1 << 20;

using Environment = std::map<std::string, std::string>;

std::string variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

// One layer being laid over what is there.
struct Laying {
  LoadedConfig& loaded;
  const ConfigInputs& inputs;
  Layer layer;
  std::string name;  // of the file
  fs::path base;
};

void complain(const Laying& laying, unsigned line, std::string key, std::string text) {
  std::string where = laying.name + (line == 0 ? "" : ":" + std::to_string(line));
  laying.loaded.problems.push_back({std::move(where), std::move(key), std::move(text)});
}

void lay_value(const Laying& laying, const Key<Config>& key, const Value& value) {
  std::vector<Problem> problems;
  assign(laying.loaded.config, key, value,
         {laying.name, &problems, laying.base, fs::path(variable(laying.inputs.environment, "HOME"))});
  auto& all = laying.loaded.problems;
  all.insert(all.end(), problems.begin(), problems.end());
  const std::string where = value.line == 0 ? laying.name : laying.name + ":" + std::to_string(value.line);
  if (problems.empty()) laying.loaded.origins[std::string(key.name)] = {laying.layer, where};
}

bool is_section(std::string_view name) {
  for (const Key<Config>& key : keys<Config>()) {
    if (key.name.size() > name.size() && key.name.starts_with(name) && key.name[name.size()] == '.')
      return true;
  }
  return false;
}

void lay_section(const Laying& laying, const std::string& section, const Value& value) {
  const auto* table = value.as<ValueTable>();
  if (table == nullptr) {
    return complain(laying, value.line, section,
                    "is " + quoted(value) + ", must be a table; write [" + section + "]");
  }
  for (const auto& [name, item] : *table) {
    const std::string full = section + "." + name;
    const Key<Config>* key = find_key<Config>(full);
    if (key == nullptr) {
      complain(laying, item.line, full, "is no key of ours" + suggest_key(section, name));
    } else {
      lay_value(laying, *key, item);
    }
  }
}

// A file without its schema could mean anything in a later version.
void check_schema(const Laying& laying, const ValueTable& root) {
  const std::string line = "schema = " + std::to_string(k_config_schema);
  for (const auto& [name, value] : root) {
    if (name != "schema") continue;
    const auto* number = value.as<std::int64_t>();
    if (number == nullptr || *number < 1) {
      complain(laying, value.line, name, "is " + quoted(value) + "; write '" + line + "'");
    } else if (*number > k_config_schema) {
      complain(laying, value.line, name,
               "is " + quoted(value) + ", newer than this version reads; write '" + line +
                   "', or use a newer kverdict");
    }
    return;
  }
  complain(laying, 1, "schema", "is missing; write '" + line + "' above the first table");
}

void lay_root(const Laying& laying, const ValueTable& root) {
  check_schema(laying, root);
  for (const auto& [name, value] : root) {
    if (name == "schema") continue;
    const Key<Config>* key = find_key<Config>(name);
    if (key != nullptr) {
      lay_value(laying, *key, value);
    } else if (is_section(name)) {
      lay_section(laying, name, value);
    } else {
      const char* what = value.as<ValueTable>() != nullptr ? "is no table of ours" : "is no key of ours";
      complain(laying, value.line, name, what + suggest_key("", name));
    }
  }
}

void lay_file(LoadedConfig& loaded, const ConfigInputs& inputs, Layer layer, const fs::path& shown) {
  const fs::path path = inputs.directory / shown;
  const Laying laying{loaded, inputs, layer, shown.string(), path.parent_path()};
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return complain(laying, 0, "", "cannot be read: " + error.message() + "; name a readable file");
  if (size > k_largest_file) return complain(laying, 0, "", "is larger than 1 MiB; this is no configuration");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return complain(laying, 0, "", "cannot be read; check its permissions");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  loaded.files.push_back(path);
  try {
    lay_root(laying, *parse_toml(text, laying.name).as<ValueTable>());
  } catch (const UsageError& syntax) {
    loaded.problems.push_back({"", "", syntax.what()});
  }
}

void lay_file_if_there(LoadedConfig& loaded, const ConfigInputs& inputs, Layer layer, const fs::path& file) {
  std::error_code error;
  if (!file.empty() && fs::exists(inputs.directory / file, error)) lay_file(loaded, inputs, layer, file);
}

fs::path user_file(const ConfigInputs& inputs) {
  const std::string xdg = variable(inputs.environment, "XDG_CONFIG_HOME");
  const std::string home = variable(inputs.environment, "HOME");
  const fs::path folder = xdg.starts_with('/') ? fs::path(xdg)
                          : home.empty()       ? fs::path()
                                               : fs::path(home) / ".config";
  return folder.empty() ? folder : folder / "kverdict/config.toml";
}

// Items of a list in a variable stand between commas; a list in TOML's brackets may hold any text.
std::vector<std::string> split(const Key<Config>& key, const std::string& text) {
  if (arity(key) != Arity::many || text.starts_with('[') || text.starts_with('{')) return {text};
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) items.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

void lay_texts(LoadedConfig& loaded, const ConfigInputs& inputs, const Origin& origin, const Key<Config>& key,
               const std::vector<std::string>& texts) {
  const Laying laying{loaded, inputs, origin.layer, origin.where, inputs.directory};
  try {
    lay_value(laying, key, value_from_texts(key, texts));
  } catch (const UsageError& syntax) {
    complain(laying, 0, "", syntax.what());
  }
}

// Only variables that look like a key's are ours: others belong to scripts and wrappers.
void complain_of_strangers(LoadedConfig& loaded, const ConfigInputs& inputs) {
  std::vector<std::string> ours;
  std::set<std::string> sections;
  for (const Key<Config>& key : keys<Config>()) {
    ours.push_back(environment_name(key));
    if (key.name.find('.') != std::string_view::npos)
      sections.insert(ours.back().substr(0, ours.back().find('_', 9) + 1));
  }
  const std::vector<std::string_view> names(ours.begin(), ours.end());
  for (const auto& [name, text] : inputs.environment) {
    if (!name.starts_with("KVERDICT_") || std::find(ours.begin(), ours.end(), name) != ours.end()) continue;
    if (!sections.contains(name.substr(0, name.find('_', 9) + 1))) continue;
    loaded.problems.push_back({name, "", "is no variable of ours" + did_you_mean(name, names)});
  }
}

void lay_environment(LoadedConfig& loaded, const ConfigInputs& inputs) {
  for (const Key<Config>& key : keys<Config>()) {
    const std::string name = environment_name(key);
    const auto found = inputs.environment.find(name);
    if (found == inputs.environment.end()) continue;
    lay_texts(loaded, inputs, {Layer::environment, name}, key, split(key, found->second));
  }
  complain_of_strangers(loaded, inputs);
}

void lay_flags(LoadedConfig& loaded, const ConfigInputs& inputs) {
  for (const FlagSetting& flag : inputs.flags) {
    const Key<Config>* key = find_key<Config>(flag.key);
    KV_CHECK(key != nullptr);
    lay_texts(loaded, inputs, {Layer::flag, flag.flag}, *key, flag.texts);
  }
}

}  // namespace

const char* to_string(Layer layer) {
  switch (layer) {
    case Layer::builtin:
      return "built in";
    case Layer::system:
      return "system";
    case Layer::user:
      return "user";
    case Layer::project:
      return "project";
    case Layer::environment:
      return "environment";
    case Layer::flag:
      return "flag";
  }
  return "";
}

Origin LoadedConfig::origin(std::string_view key) const {
  const auto found = origins.find(key);
  return found == origins.end() ? Origin{} : found->second;
}

ConfigInputs process_inputs(std::optional<fs::path> file, std::vector<FlagSetting> flags) {
  ConfigInputs inputs;
  inputs.directory = fs::current_path();
  inputs.file = std::move(file);
  inputs.flags = std::move(flags);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    inputs.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return inputs;
}

LoadedConfig read_config(const ConfigInputs& inputs) {
  LoadedConfig loaded;
  loaded.config.source.repo = inputs.directory;
  lay_file_if_there(loaded, inputs, Layer::system, inputs.system_file);
  lay_file_if_there(loaded, inputs, Layer::user, user_file(inputs));
  const fs::path named =
      inputs.file ? *inputs.file : fs::path(variable(inputs.environment, "KVERDICT_CONFIG"));
  if (named.empty()) {
    lay_file_if_there(loaded, inputs, Layer::project, "kverdict.toml");
  } else {
    lay_file(loaded, inputs, Layer::project, named);
  }
  lay_environment(loaded, inputs);
  lay_flags(loaded, inputs);
  return loaded;
}

LoadedConfig load_config(const ConfigInputs& inputs, Need need) {
  LoadedConfig loaded = read_config(inputs);
  if (loaded.problems.empty()) loaded.problems = check_config(loaded, need);
  if (loaded.problems.empty()) return loaded;
  std::string text = to_text(loaded.problems.front());
  const std::size_t more = loaded.problems.size() - 1;
  if (more > 0) text += " (and " + std::to_string(more) + " more; kverdict config check lists all)";
  throw UsageError(text);
}

}  // namespace kverdict
