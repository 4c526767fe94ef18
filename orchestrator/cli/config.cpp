#include "orchestrator/cli/config.hpp"

#include "orchestrator/cli/keys.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr const char* k_journal_name = "configuration in the journal";

// The table that a dotted key stands in, made when it is not there yet.
ValueTable& table_for(ValueTable& root, std::string_view name) {
  for (auto& [known, value] : root) {
    if (known == name) return *std::get_if<ValueTable>(&value.data);
  }
  root.emplace_back(std::string(name), Value{ValueTable{}});
  return *std::get_if<ValueTable>(&root.back().second.data);
}

void assign_known(Config& config, const std::string& name, const Value& value, const Setting& setting) {
  const Key<Config>* key = find_key<Config>(name);
  if (key != nullptr) return assign(config, *key, value, setting);
  setting.problems->push_back(
      {setting.origin, name, "is no key of this version; use the version that wrote it"});
}

void assign_all(Config& config, const ValueTable& root, const Setting& setting) {
  for (const auto& [name, value] : root) {
    if (name == "schema") continue;
    const auto* section = value.as<ValueTable>();
    if (section == nullptr) {
      assign_known(config, name, value, setting);
      continue;
    }
    for (const auto& [inner, item] : *section) assign_known(config, name + "." + inner, item, setting);
  }
}

// An older journal has no line for it: schema 1 was the first.
std::int64_t schema_of(const ValueTable& root) {
  for (const auto& [name, value] : root) {
    if (name == "schema" && value.as<std::int64_t>() != nullptr) return *value.as<std::int64_t>();
  }
  return 0;
}

}  // namespace

MachineShape machine_shape(const TargetConfig& target) {
  MachineShape shape;
  shape.memory_mib = static_cast<unsigned>(mebibytes(target.memory));
  shape.vcpus = target.cpus;
  shape.nics = target.nics;
  return shape;
}

std::string to_json(const Config& config) {
  ValueTable root;
  root.emplace_back("schema", Value{std::int64_t{k_config_schema}});
  for (const Key<Config>& key : keys<Config>()) {
    const std::size_t dot = key.name.find('.');
    ValueTable& table = dot == std::string_view::npos ? root : table_for(root, key.name.substr(0, dot));
    const std::string_view name = dot == std::string_view::npos ? key.name : key.name.substr(dot + 1);
    table.emplace_back(std::string(name), value_of(config, key));
  }
  return json_text(Value{std::move(root)});
}

Config config_from_json(std::string_view text) {
  const Value root = parse_json(text, k_journal_name);
  const auto* table = root.as<ValueTable>();
  if (table == nullptr) throw UsageError(std::string(k_journal_name) + ": is no table");
  if (schema_of(*table) != k_config_schema) {
    throw UsageError(std::string(k_journal_name) + ": has schema " + std::to_string(schema_of(*table)) +
                     ", this version reads " + std::to_string(k_config_schema) +
                     "; use the version that wrote it");
  }
  Config config;
  std::vector<Problem> problems;
  assign_all(config, *table, {k_journal_name, &problems, {}, {}});
  if (!problems.empty()) throw UsageError(to_text(problems.front()));
  return config;
}

std::vector<ConfigChange> diff(const Config& before, const Config& after) {
  std::vector<ConfigChange> changes;
  for (const Key<Config>& key : keys<Config>()) {
    std::string old_text = json_text(value_of(before, key));
    std::string new_text = json_text(value_of(after, key));
    if (old_text == new_text) continue;
    changes.push_back({std::string(key.name), key.weight, std::move(old_text), std::move(new_text)});
  }
  return changes;
}

void require_same_question(const Config& before, const Config& after) {
  std::string changed;
  for (const ConfigChange& change : diff(before, after)) {
    if (change.weight != Weight::question) continue;
    changed +=
        (changed.empty() ? "" : ", ") + change.key + " (" + change.before + " -> " + change.after + ")";
  }
  if (changed.empty()) return;
  throw UsageError("configuration changed since the session began: " + changed +
                   "; put the old values back to resume, or start a new session with kverdict run");
}

}  // namespace kverdict
