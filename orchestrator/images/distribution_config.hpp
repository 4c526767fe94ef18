// What a distribution's kernel configuration means for a trial. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kverdict {

struct ConfigFindings {
  std::vector<std::string> needed;     // without them no trial is possible: "CONFIG_BLK_DEV_INITRD"
  std::vector<std::string> detectors;  // bugs that only they show stay unseen: "CONFIG_KASAN"
};

// `config` is the text of a .config.
ConfigFindings examine_config(std::string_view config);

// Is it set to y, or to m?
bool is_enabled(std::string_view config, std::string_view option);

}  // namespace kverdict
