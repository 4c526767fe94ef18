// The commands, one function each: the exit code is the value. Bad input is a UsageError, a broken lab an
// InfraError; main turns both into one line and a code.
#pragma once

#include "orchestrator/cli/options.hpp"

namespace kverdict {

int run_command(const Invocation& invocation);
int resume_command(const Invocation& invocation, const ResumeCommand& command);
int trial_command(const Invocation& invocation, const TrialCommand& command);
int status_command(const Invocation& invocation, const StatusCommand& command);
int list_command(const Invocation& invocation);
int show_command(const Invocation& invocation, const ShowCommand& command);
int report_command(const Invocation& invocation, const ReportCommand& command);
int log_command(const Invocation& invocation, const LogCommand& command);
int replay_command(const Invocation& invocation, const ReplayCommand& command);
int mark_command(const Invocation& invocation, const MarkCommand& command);
int undo_command(const Invocation& invocation, const UndoCommand& command);
int config_check_command(const Invocation& invocation, const ConfigCheckCommand& command);
int config_show_command(const Invocation& invocation);
int parse_command(const Invocation& invocation, const ParseCommand& command);
int doctor_command(const Invocation& invocation);

}  // namespace kverdict
