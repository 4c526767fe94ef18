// Kernel configurations as text: reading, laying fragments over a base, telling what was lost. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kverdict {

// CONFIG_FOO -> "y", "m", "\"text\"", "20", or "n" for "# CONFIG_FOO is not set". Later lines win.
using KernelConfig = std::map<std::string, std::string, std::less<>>;

// Throws UsageError naming `name` and the line when a line is none of an assignment, "is not set", a
// comment, or empty.
KernelConfig parse_config(std::string_view text, const std::string& name);
std::string format_config(const KernelConfig& config);

// Is the option switched on (y) in this configuration?
bool is_on(const KernelConfig& config, std::string_view option);

// What was asked for and did not come: "CONFIG_FOO=y was asked for, but is not set".
std::vector<std::string> lost_options(const KernelConfig& asked, const KernelConfig& result);

}  // namespace kverdict
