#include "orchestrator/images/kconfig.hpp"

#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::string_view k_not_set = " is not set";

std::string_view trimmed(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

bool is_option(std::string_view name) {
  return name.starts_with("CONFIG_") && name.size() > 7 &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
             std::string_view::npos;
}

// One line into the configuration; false when it cannot be understood.
bool read_line(std::string_view line, KernelConfig& config) {
  if (line.empty()) return true;
  if (line.starts_with('#')) {
    const auto comment = trimmed(line.substr(1));
    if (comment.ends_with(k_not_set) && is_option(comment.substr(0, comment.size() - k_not_set.size())))
      config.insert_or_assign(std::string(comment.substr(0, comment.size() - k_not_set.size())), "n");
    return true;
  }
  const auto equals = line.find('=');
  if (equals == std::string_view::npos || !is_option(line.substr(0, equals))) return false;
  config.insert_or_assign(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)));
  return true;
}

}  // namespace

KernelConfig parse_config(std::string_view text, const std::string& name) {
  KernelConfig config;
  for (unsigned number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() == text.size() ? text.size() : line.size() + 1);
    if (!read_line(trimmed(line), config))
      throw UsageError(name + ":" + std::to_string(number) + ": not a configuration line: '" +
                       std::string(trimmed(line).substr(0, 80)) +
                       "' (want CONFIG_NAME=value or '# CONFIG_NAME is not set')");
  }
  return config;
}

std::string format_config(const KernelConfig& config) {
  std::string text;
  for (const auto& [option, value] : config)
    text += value == "n" ? "# " + option + " is not set\n" : option + "=" + value + "\n";
  return text;
}

bool is_on(const KernelConfig& config, std::string_view option) {
  const auto found = config.find(option);
  return found != config.end() && found->second == "y";
}

std::vector<std::string> lost_options(const KernelConfig& asked, const KernelConfig& result) {
  std::vector<std::string> lost;
  for (const auto& [option, value] : asked) {
    const auto found = result.find(option);
    const auto got = found == result.end() ? std::string("n") : found->second;
    if (got == value) continue;
    // An empty text of an option that is not asked for at all is no loss.
    if (value == "\"\"" && found == result.end()) continue;
    const auto wanted = value == "n" ? option + " not set" : option + "=" + value;
    lost.push_back(wanted + " was asked for, but it is " + (got == "n" ? std::string("not set") : got));
  }
  return lost;
}

}  // namespace kverdict
