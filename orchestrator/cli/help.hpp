// The words of the help: commands with their examples, and the configuration's keys as flags. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "orchestrator/cli/keys.hpp"

namespace kverdict {

// May configuration keys be given as flags of the command?
enum class TakesKeys { no, yes };

struct CommandText {
  std::string_view name;  // "config check"
  std::string_view summary;
  std::string_view example;  // lines
  TakesKeys keys = TakesKeys::no;
  std::string_view exits = {};  // what its exit codes mean
};

// In the order of the help; a command stands before those below it.
std::span<const CommandText> command_texts();

std::string program_footer();
std::string command_footer(const CommandText& text);

// "--jobs,--build.jobs", with dashes for underscores as well.
std::string flag_names(const Key<Config>& key);
// As messages name it: "--jobs", "--build.arch".
std::string shown_flag(const Key<Config>& key);
// "DURATION"
std::string flag_type(const Key<Config>& key);
// All keys: name, kind, default, meaning; one line each.
std::string key_table();

}  // namespace kverdict
