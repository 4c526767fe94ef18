// kverdict: the composition root. Parses the command line, runs one command, and is the one place where bad
// input and a broken lab become a line and an exit code.
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "orchestrator/cli/commands/commands.hpp"
#include "orchestrator/core/report/printable.hpp"
#include "runners/error.hpp"

namespace {

using namespace kverdict;

constexpr int k_lab_failed = 4;
constexpr int k_lab_failed_in_trial = 132;

struct Dispatch {
  const Invocation& invocation;

  int operator()(const HelpCommand& command) const {
    std::cout << command.text;
    return 0;
  }
  int operator()(const VersionCommand&) const {
    std::cout << "kverdict " << program_version() << "\n";
    return 0;
  }
  int operator()(const RunCommand&) const { return run_command(invocation); }
  int operator()(const ResumeCommand& command) const { return resume_command(invocation, command); }
  int operator()(const TrialCommand& command) const { return trial_command(invocation, command); }
  int operator()(const StatusCommand& command) const { return status_command(invocation, command); }
  int operator()(const ListCommand&) const { return list_command(invocation); }
  int operator()(const ShowCommand& command) const { return show_command(invocation, command); }
  int operator()(const ReportCommand& command) const { return report_command(invocation, command); }
  int operator()(const LogCommand& command) const { return log_command(invocation, command); }
  int operator()(const ReplayCommand& command) const { return replay_command(invocation, command); }
  int operator()(const MarkCommand& command) const { return mark_command(invocation, command); }
  int operator()(const UndoCommand& command) const { return undo_command(invocation, command); }
  int operator()(const ConfigCheckCommand& command) const {
    return config_check_command(invocation, command);
  }
  int operator()(const ConfigShowCommand&) const { return config_show_command(invocation); }
  int operator()(const ParseCommand& command) const { return parse_command(invocation, command); }
  int operator()(const DoctorCommand&) const { return doctor_command(invocation); }
};

void complain(const char* what) {
  std::fprintf(stderr, "kverdict: %s\n", printable(what).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool trial = !arguments.empty() && arguments.front() == "trial";
  try {
    const auto invocation = parse_options(arguments);
    return std::visit(Dispatch{invocation}, invocation.command);
  } catch (const UsageError& e) {
    complain(e.what());
    return usage_exit_code(arguments);
  } catch (const InfraError& e) {
    complain(e.what());
    return trial ? k_lab_failed_in_trial : k_lab_failed;
  } catch (const std::exception& e) {  // a library's or the system's: no stack trace, no abort
    complain(e.what());
    return trial ? k_lab_failed_in_trial : k_lab_failed;
  }
}
