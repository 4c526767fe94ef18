#include "orchestrator/cli/show.hpp"

#include "orchestrator/cli/terminal.hpp"

namespace kverdict {
namespace {

std::string show_problems_json(const std::vector<Problem>& problems) {
  ValueList rows;
  for (const Problem& problem : problems) {
    rows.push_back(
        {ValueTable{{"where", {problem.where}}, {"key", {problem.key}}, {"text", {problem.text}}}});
  }
  return json_text({ValueTable{
      {"schema", {std::int64_t{1}}}, {"ok", {problems.empty()}}, {"problems", {std::move(rows)}}}});
}

std::string show_config_json(const LoadedConfig& loaded) {
  ValueList files, rows;
  for (const auto& file : loaded.files) files.push_back({file.string()});
  for (const Key<Config>& key : keys<Config>()) {
    const Origin origin = loaded.origin(key.name);
    rows.push_back({ValueTable{{"key", {std::string(key.name)}},
                               {"value", value_of(loaded.config, key)},
                               {"layer", {std::string(to_string(origin.layer))}},
                               {"where", {origin.where}}}});
  }
  return json_text({ValueTable{
      {"schema", {std::int64_t{1}}}, {"files", {std::move(files)}}, {"keys", {std::move(rows)}}}});
}

std::string comment(const Origin& origin) {
  return "  # " + (origin.where.empty() ? std::string(to_string(origin.layer)) : printable(origin.where)) +
         "\n";
}

}  // namespace

std::vector<Problem> all_problems(const ConfigInputs& inputs, Need need) {
  const LoadedConfig loaded = read_config(inputs);
  std::vector<Problem> problems = loaded.problems;
  const std::vector<Problem> unfit = check_config(loaded, need);
  problems.insert(problems.end(), unfit.begin(), unfit.end());
  return problems;
}

std::string show_problems(const std::vector<Problem>& problems, OutputForm form) {
  if (form == OutputForm::json) return show_problems_json(problems) + "\n";
  std::string text;
  for (const Problem& problem : problems) text += printable(to_text(problem)) + "\n";
  return text;
}

// Keys without a table must stand before the first one.
std::string show_config(const LoadedConfig& loaded, OutputForm form) {
  if (form == OutputForm::json) return show_config_json(loaded) + "\n";
  std::string root = "schema = " + std::to_string(k_config_schema) + "\n", tables, section;
  for (const Key<Config>& key : keys<Config>()) {
    const std::size_t dot = key.name.find('.');
    const std::string name(key.name.substr(dot == std::string_view::npos ? 0 : dot + 1));
    const std::string line =
        name + " = " + toml_text(value_of(loaded.config, key)) + comment(loaded.origin(key.name));
    if (dot == std::string_view::npos) {
      root += line;
      continue;
    }
    if (section != key.name.substr(0, dot)) {
      section = key.name.substr(0, dot);
      tables += "\n[" + section + "]\n";
    }
    tables += line;
  }
  return root + tables;
}

}  // namespace kverdict
