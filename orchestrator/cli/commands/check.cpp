// config check, config show, doctor.
#include <iostream>

#include "orchestrator/cli/commands/commands.hpp"
#include "orchestrator/cli/doctor.hpp"
#include "orchestrator/cli/show.hpp"

namespace kverdict {

int config_check_command(const Invocation& invocation, const ConfigCheckCommand& command) {
  auto files = command.files;
  if (files.empty() && invocation.config_file) files.push_back(*invocation.config_file);
  std::vector<Problem> problems;
  const auto check = [&](std::optional<std::filesystem::path> file) {
    for (auto& problem : all_problems(process_inputs(std::move(file), invocation.settings), Need::files))
      problems.push_back(std::move(problem));
  };
  for (const auto& file : files) check(file);
  if (files.empty()) check(std::nullopt);
  std::cout << show_problems(problems, invocation.form);
  return problems.empty() ? 0 : 2;
}

int config_show_command(const Invocation& invocation) {
  const auto loaded = read_config(process_inputs(invocation.config_file, invocation.settings));
  for (const auto& problem : loaded.problems)
    std::cerr << "kverdict: " << printable(to_text(problem)) << "\n";
  std::cout << show_config(loaded, invocation.form);
  return loaded.problems.empty() ? 0 : 2;
}

int doctor_command(const Invocation& invocation) {
  const auto inputs = process_inputs(invocation.config_file, invocation.settings);
  const auto loaded = read_config(inputs);
  const auto facts = probe_host(loaded.config, inputs.environment);
  const auto findings = examine(facts, loaded.config);
  const auto install = install_all(findings, facts);
  const auto terminal = terminal_of(1, inputs.environment, invocation.color);
  std::cout << (invocation.form == OutputForm::json ? doctor_json(findings, install) + "\n"
                                                    : doctor_text(findings, install, terminal));
  return doctor_exit_code(findings);
}

}  // namespace kverdict
