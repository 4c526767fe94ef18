// `config check` and `config show` as text: what is wrong, what is in force and where it comes from. Pure.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/cli/load.hpp"
#include "orchestrator/cli/options.hpp"

namespace kverdict {

// Everything that is wrong, what was read and what does not fit together.
std::vector<Problem> all_problems(const ConfigInputs& inputs, Need need);

// One problem a line; nothing when there is none. JSON:
// {"schema":1,"ok":false,"problems":[{"where","key","text"}]}
std::string show_problems(const std::vector<Problem>& problems, OutputForm form);

// As TOML that could be written back, each line with its origin in a comment.
// JSON: {"schema":1,"files":[...],"keys":[{"key","value","layer","where"}]}
std::string show_config(const LoadedConfig& loaded, OutputForm form);

}  // namespace kverdict
