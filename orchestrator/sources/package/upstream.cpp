#include "orchestrator/sources/package/upstream.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace kverdict {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "6.1.176" -> {"6", "1", "176"}; empty when it is anything else.
std::vector<std::string> numbers(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '.')
      parts.emplace_back();
    else if (is_digit(c))
      parts.back() += c;
    else
      return {};
  }
  const bool whole =
      std::none_of(parts.begin(), parts.end(), [](const std::string& part) { return part.empty(); });
  return whole ? parts : std::vector<std::string>();
}

std::string_view up_to(std::string_view text, char stop) {
  return text.substr(0, text.find(stop));
}

// They need files of the distribution, or tools that nobody has by chance.
constexpr std::array k_unfit = {"CONFIG_SYSTEM_TRUSTED_KEYS",
                                "CONFIG_SYSTEM_REVOCATION_KEYS",
                                "CONFIG_MODULE_SIG_KEY",
                                "CONFIG_BUILD_SALT",
                                "CONFIG_LOCALVERSION",
                                "CONFIG_DEBUG_INFO_BTF",
                                "CONFIG_DEBUG_INFO_BTF_MODULES",
                                "CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT",
                                "CONFIG_DEBUG_INFO_DWARF4",
                                "CONFIG_DEBUG_INFO_DWARF5",
                                "CONFIG_DEBUG_INFO",
                                "CONFIG_DEBUG_INFO_NONE",
                                "CONFIG_GDB_SCRIPTS"};

}  // namespace

std::string upstream_tag(std::string_view version) {
  if (const auto colon = version.find(':'); colon != std::string_view::npos) version.remove_prefix(colon + 1);
  const auto upstream = up_to(up_to(version, '-'), '+');
  auto parts = numbers(up_to(upstream, '~'));
  if (parts.size() < 2 || parts.size() > 3) return {};
  if (parts.size() == 3 && parts[2] == "0") parts.pop_back();
  std::string tag = "v" + parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) tag += "." + parts[i];
  const auto tilde = upstream.find('~');
  if (tilde != std::string_view::npos && upstream.substr(tilde + 1).starts_with("rc"))
    tag += "-" + std::string(upstream.substr(tilde + 1));
  return tag;
}

std::string without_modules(std::string_view config, const std::vector<std::string>& wanted) {
  std::set<std::string, std::less<>> built_in(wanted.begin(), wanted.end());
  std::string text;
  while (!config.empty()) {
    const auto line = config.substr(0, config.find('\n'));
    config.remove_prefix(std::min(config.size(), line.size() + 1));
    const auto option = line.substr(0, line.find('='));
    const bool set = option.size() < line.size() && option.starts_with("CONFIG_");
    if (set &&
        (built_in.contains(option) || std::find(k_unfit.begin(), k_unfit.end(), option) != k_unfit.end()))
      continue;
    if (set && line.ends_with("=m"))
      text += "# " + std::string(option) + " is not set\n";
    else
      text += std::string(line) + "\n";
  }
  for (const auto& option : wanted) text += option + "=y\n";
  return text + "CONFIG_DEBUG_INFO_NONE=y\n";
}

}  // namespace kverdict
