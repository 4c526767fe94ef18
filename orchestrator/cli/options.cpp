#include "orchestrator/cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "orchestrator/cli/help.hpp"
#include "runners/error.hpp"
#include "workloads/nearest.hpp"

namespace kverdict {
namespace {

constexpr const char* k_shown_group = "Configuration";
constexpr const char* k_hidden_group = "";

std::string first_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

// Keys are shown by their short names; the long ones follow from the keys.
class KeyFormatter : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    if (option->get_group() != k_shown_group) return CLI::Formatter::make_option_name(option, is_positional);
    return "--" + option->get_lnames().front();
  }
};

// Options of one command, and what CLI11 found for the configuration's keys.
class Grammar {
 public:
  Grammar() : app_("kverdict finds the commit that broke a kernel.", "kverdict") {
    app_.formatter(std::make_shared<KeyFormatter>());
    app_.require_subcommand(0, 1);
    app_.allow_extras();
    app_.set_version_flag("--version", program_version(), "print the version");
    app_.footer(program_footer());
    add_common(app_);
    for (const CommandText& text : command_texts()) add_command(text);
    add_arguments();
  }

  Invocation parse(std::vector<std::string> arguments);

 private:
  CLI::App& command(const std::string& name) { return *commands_.at(name); }

  void add_common(CLI::App& app) {
    app.set_help_flag("-h,--help", "print this help");
    app.add_flag("--json", json_, "machine-readable result on stdout");
    app.add_flag("--no-color", no_color_, "no colours (as with NO_COLOR set)");
    app.add_flag("-v,--verbose", verbosity_, "say more; twice: all");
    app.add_option("--config", config_, "configuration file instead of ./kverdict.toml")->type_name("FILE");
  }

  // "config check" is a command below a command.
  void add_command(const CommandText& text) {
    const std::string name(text.name);
    const std::size_t space = name.find(' ');
    CLI::App& parent = space == std::string::npos ? app_ : command(name.substr(0, space));
    CLI::App* added = parent.add_subcommand(name.substr(space + 1), std::string(text.summary));
    added->allow_extras();
    added->footer(command_footer(text));
    commands_[name] = added;
    add_common(*added);
    if (text.keys == TakesKeys::yes) add_keys(*added);
    if (name == "config") added->require_subcommand(0, 1);
  }

  void add_keys(CLI::App& app) {
    for (const Key<Config>& key : keys<Config>()) {
      const std::string names = flag_names(key);
      CLI::Option* option = arity(key) == Arity::truth ? app.add_flag(names) : app.add_option(names);
      option->description(std::string(key.help))
          ->group(key.shortcut.empty() ? k_hidden_group : k_shown_group);
      options_[&app].emplace_back(&key, option);
      if (arity(key) == Arity::truth) continue;
      option->type_name(flag_type(key))->expected(1)->allow_extra_args(false);
      option->multi_option_policy(arity(key) == Arity::many ? CLI::MultiOptionPolicy::TakeAll
                                                            : CLI::MultiOptionPolicy::TakeLast);
    }
  }

  void add_arguments() {
    command("run").add_option("REPO", repo_, "the git repository; default: the current directory");
    for (const char* name : {"resume", "status", "show", "report", "log"}) {
      command(name).add_option("SESSION", session_, "name or directory; default: the latest");
    }
    command("show").add_option("TRIAL", trial_, "number or revision; default: the last");
    for (const char* name : {"mark", "undo"}) {
      command(name).add_option("WHAT", subject_, "number of a trial, or a revision");
      command(name)
          .add_option("--session", session_, "name or directory; default: the latest")
          ->type_name("SESSION");
    }
    command("mark").add_option("VERDICT", verdict_, "good, bad, skip, or nothing: it says nothing");
    command("mark").add_option("--reason", reason_, "kept with the mark")->type_name("TEXT");
    command("trial").add_option("REV", revision_, "what to try");
    command("report").add_option("--format", format_, "text or markdown")->type_name("FORMAT");
    command("replay").add_option("SUBJECT", subject_, "a git bisect log, or a session");
    command("replay").add_flag("--check", check_, "recompute every choice, stop at the first difference");
    command("parse").add_option("FILE", files_,
                                "logs, directories of *.log, - for the standard input (default)");
    command("parse").add_flag("--all", all_, "every report, not only the one that names the log");
    command("config check").add_option("FILE", files_, "files to check; default: what is in force");
  }

  void refuse_extras(CLI::App& app, const std::string& name) const;
  [[noreturn]] void refuse(CLI::App& app, const std::string& name, const std::string& word) const;
  std::vector<FlagSetting> settings(CLI::App& app, const std::string& name) const;
  CommandLine command_line(const std::string& name) const;
  static std::string needed(const std::string& value, const std::string& what, const std::string& name);

  CLI::App app_;
  std::map<std::string, CLI::App*> commands_;
  std::map<const CLI::App*, std::vector<std::pair<const Key<Config>*, CLI::Option*>>> options_;
  bool json_ = false, no_color_ = false, check_ = false, all_ = false;
  int verbosity_ = 0;
  std::string config_, repo_, session_, trial_, revision_, format_ = "text", subject_, verdict_, reason_;
  std::vector<std::string> files_;
};

void Grammar::refuse(CLI::App& app, const std::string& name, const std::string& word) const {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& flag : option->get_lnames()) known.push_back("--" + flag);
  }
  for (const CLI::App* sub : app.get_subcommands({})) known.push_back(sub->get_name());
  const std::string flag = word.substr(0, word.find('='));
  const bool is_flag = word.starts_with("-");
  std::erase_if(known, [&](const std::string& other) { return other.starts_with("-") != is_flag; });
  const std::vector<std::string_view> names(known.begin(), known.end());
  const char* what = is_flag                           ? "has no flag '"
                     : app.get_subcommands({}).empty() ? "takes no further argument '"
                                                       : "has no command '";
  throw UsageError(name + " " + what + flag + "'" + did_you_mean(flag, names) + "; see " + name + " --help");
}

void Grammar::refuse_extras(CLI::App& app, const std::string& name) const {
  const std::vector<std::string> extras = app.remaining();
  // A flag explains the words after it, not the other way round.
  const auto flag =
      std::find_if(extras.begin(), extras.end(), [](const std::string& e) { return e.starts_with("-"); });
  if (!extras.empty())
    refuse(app, name, flag == extras.end() || !app.get_subcommands({}).empty() ? extras.front() : *flag);
}

std::vector<FlagSetting> Grammar::settings(CLI::App& app, const std::string& name) const {
  std::vector<FlagSetting> all;
  const auto found = options_.find(&app);
  if (found == options_.end()) return all;
  for (const auto& [key, option] : found->second) {
    if (option->count() == 0) continue;
    std::vector<std::string> texts = option->results();
    if (arity(*key) != Arity::many) texts = {texts.back()};
    all.push_back({shown_flag(*key), std::string(key->name), std::move(texts)});
  }
  if (name == "run" && !repo_.empty()) all.push_back({"REPO", "source.repo", {repo_}});
  const auto repos =
      std::count_if(all.begin(), all.end(), [](const auto& s) { return s.key == "source.repo"; });
  if (repos > 1)
    throw UsageError("kverdict run: the repository is given twice, as REPO and with --repo; leave one out");
  return all;
}

std::string Grammar::needed(const std::string& value, const std::string& what, const std::string& name) {
  if (!value.empty()) return value;
  throw UsageError("kverdict " + name + " needs " + what + "; see kverdict " + name + " --help");
}

CommandLine Grammar::command_line(const std::string& name) const {
  if (name == "run") return RunCommand{};
  if (name == "resume") return ResumeCommand{session_};
  if (name == "status") return StatusCommand{session_};
  if (name == "list") return ListCommand{};
  if (name == "trial") return TrialCommand{needed(revision_, "a revision", name)};
  if (name == "show") return ShowCommand{session_, trial_};
  if (name == "log") return LogCommand{session_};
  if (name == "parse")
    return ParseCommand{files_.empty() ? std::vector<std::string>{"-"} : files_,
                        all_ ? ParseExtent::all : ParseExtent::first};
  if (name == "mark") {
    return MarkCommand{needed(subject_, "a trial or a revision", name), needed(verdict_, "a verdict", name),
                       session_, reason_};
  }
  if (name == "undo") return UndoCommand{needed(subject_, "a trial or a revision", name), session_};
  if (name == "doctor") return DoctorCommand{};
  if (name == "config show") return ConfigShowCommand{};
  if (name == "config check") return ConfigCheckCommand{{files_.begin(), files_.end()}};
  if (name == "replay") {
    return ReplayCommand{needed(subject_, "a file or a session", name),
                         check_ ? ReplayMode::check : ReplayMode::show};
  }
  if (name == "report" && format_ == "markdown") return ReportCommand{session_, ReportForm::markdown};
  if (name == "report" && format_ == "text") return ReportCommand{session_, ReportForm::text};
  if (name == "report") {
    constexpr std::string_view k_forms[] = {"text", "markdown"};
    throw UsageError("kverdict report: --format is '" + format_ + "'; give text or markdown" +
                     did_you_mean(format_, k_forms));
  }
  if (name == "config")
    throw UsageError("kverdict config needs a command: check or show; see kverdict config --help");
  KV_CHECK(name == "version");
  return VersionCommand{};
}

Invocation Grammar::parse(std::vector<std::string> arguments) {
  CLI::App* chosen = &app_;
  std::string name;
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    app_.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    std::string path = "kverdict";
    while (!chosen->get_subcommands().empty()) {
      if (chosen != &app_) path += " " + chosen->get_name();
      chosen = chosen->get_subcommands().front();
    }
    return {HelpCommand{chosen->help(chosen == &app_ ? "" : path) + "\n"}};
  } catch (const CLI::CallForVersion&) {
    return {VersionCommand{}};
  } catch (const CLI::ParseError& error) {
    throw UsageError(first_line(error.what()) + "; see kverdict --help");
  }
  refuse_extras(app_, "kverdict");
  while (!chosen->get_subcommands().empty()) {
    chosen = chosen->get_subcommands().front();
    name += (name.empty() ? "" : " ") + chosen->get_name();
    refuse_extras(*chosen, "kverdict " + name);
  }
  if (name.empty()) throw UsageError("no command given; see kverdict --help");
  Invocation invocation{command_line(name)};
  invocation.form = json_ ? OutputForm::json : OutputForm::text;
  invocation.color = no_color_ ? ColorChoice::never : ColorChoice::automatic;
  invocation.verbosity = static_cast<unsigned>(std::max(verbosity_, 0));
  if (!config_.empty()) invocation.config_file = config_;
  invocation.settings = settings(*chosen, name);
  return invocation;
}

}  // namespace

Invocation parse_options(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = arguments;
  // "help run" is "run --help".
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  return Grammar().parse(std::move(words));
}

int usage_exit_code(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--config") {
      ++i;  // its value is no command
    } else if (!arguments[i].starts_with("-")) {
      return arguments[i] == "trial" ? 129 : 2;
    }
  }
  return 2;
}

const char* program_version() {
  return KV_VERSION;
}

}  // namespace kverdict
