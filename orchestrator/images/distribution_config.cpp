#include "orchestrator/images/distribution_config.hpp"

#include <algorithm>
#include <array>

namespace kverdict {
namespace {

// The guest is started with an initramfs, speaks on the serial line, and runs our programs.
constexpr std::array k_needed = {"CONFIG_BLK_DEV_INITRD", "CONFIG_SERIAL_8250_CONSOLE", "CONFIG_PRINTK",
                                 "CONFIG_BINFMT_ELF", "CONFIG_PCI"};
constexpr std::array k_detectors = {
    "CONFIG_KASAN",
    "CONFIG_UBSAN",
    "CONFIG_PROVE_LOCKING",
    "CONFIG_DEBUG_ATOMIC_SLEEP",
    "CONFIG_DEBUG_LIST",
    "CONFIG_DEBUG_OBJECTS",
    "CONFIG_SOFTLOCKUP_DETECTOR",
    "CONFIG_DETECT_HUNG_TASK",
    "CONFIG_WQ_WATCHDOG",
    "CONFIG_DEBUG_VM",
    "CONFIG_KALLSYMS",
    "CONFIG_DEBUG_BUGVERBOSE",
    "CONFIG_MAGIC_SYSRQ",
    "CONFIG_NETCONSOLE",
};

std::vector<std::string> missing(std::string_view config, const auto& options) {
  std::vector<std::string> names;
  for (const char* option : options)
    if (!is_enabled(config, option)) names.emplace_back(option);
  return names;
}

}  // namespace

bool is_enabled(std::string_view config, std::string_view option) {
  for (auto at = config.find(option); at != std::string_view::npos; at = config.find(option, at + 1)) {
    const auto rest = config.substr(at + option.size());
    const bool line = at == 0 || config[at - 1] == '\n';
    if (line && rest.size() >= 2 && rest[0] == '=') return rest[1] == 'y' || rest[1] == 'm';
  }
  return false;
}

ConfigFindings examine_config(std::string_view config) {
  return {missing(config, k_needed), missing(config, k_detectors)};
}

}  // namespace kverdict
