// The command line as a plain value. Knows the commands and their flags; runs nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/cli/load.hpp"
#include "orchestrator/cli/parsed.hpp"

namespace kverdict {

enum class OutputForm { text, json };
enum class ColorChoice { automatic, never };
enum class ReportForm { text, markdown };
// replay --check: recompute every choice and stop at the first difference.
enum class ReplayMode { show, check };

// Sessions are named by their name, the directory they are in, or not at all: the latest.
struct HelpCommand {
  std::string text;
};
struct VersionCommand {};
struct RunCommand {};
struct ResumeCommand {
  std::string session;
};
struct StatusCommand {
  std::string session;
};
struct ListCommand {};
struct TrialCommand {
  std::string revision;
};
struct ShowCommand {
  std::string session;
  std::string trial;
};  // trial: number, revision, or empty: the last
struct ReportCommand {
  std::string session;
  ReportForm form = ReportForm::text;
};
struct LogCommand {
  std::string session;
};
struct ReplayCommand {
  std::string subject;
  ReplayMode mode = ReplayMode::show;
};  // git bisect log, or session
struct MarkCommand {
  std::string subject;  // trial number or revision
  std::string verdict;
  std::string session;
  std::string reason;
};
struct UndoCommand {
  std::string subject;
  std::string session;
};
struct ConfigCheckCommand {
  std::vector<std::filesystem::path> files;
};  // none: what is in force
struct ConfigShowCommand {};
// Log files, directories of *.log, "-" for the standard input.
struct ParseCommand {
  std::vector<std::string> paths;
  ParseExtent extent = ParseExtent::first;
};
struct DoctorCommand {};

using CommandLine =
    std::variant<HelpCommand, VersionCommand, RunCommand, ResumeCommand, StatusCommand, ListCommand,
                 TrialCommand, ShowCommand, ReportCommand, LogCommand, ReplayCommand, MarkCommand,
                 UndoCommand, ConfigCheckCommand, ConfigShowCommand, ParseCommand, DoctorCommand>;

struct Invocation {
  CommandLine command;
  OutputForm form = OutputForm::text;
  ColorChoice color = ColorChoice::automatic;
  unsigned verbosity = 0;                                 // number of -v
  std::optional<std::filesystem::path> config_file = {};  // --config
  std::vector<FlagSetting> settings = {};                 // configuration keys given as flags
};

// `arguments` without the program's name. Throws UsageError: unknown command or flag (nearest named), missing
// or surplus argument.
Invocation parse_options(const std::vector<std::string>& arguments);

// Exit code of a UsageError: 2, or 129 for `trial`, where git bisect run takes lower ones for verdicts.
int usage_exit_code(const std::vector<std::string>& arguments);

// "0.1.0"
const char* program_version();

}  // namespace kverdict
