// What a session of a configuration needs of its host: the tables that looking and judging share.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/cli/config.hpp"

namespace kverdict {

// Without it: no session at all, or a worse one.
enum class Demand { required, advised };

struct ProgramNeed {
  std::string program;
  std::string package;
  std::string purpose;
  Demand demand = Demand::required;
};

struct HeaderNeed {
  std::string_view header;
  std::string_view package;
  std::string_view purpose;
};

std::vector<ProgramNeed> program_needs(const Config& config);

inline constexpr std::array k_header_needs{
    HeaderNeed{"libelf.h", "libelf-dev", "objtool of the kernel's build"},
    HeaderNeed{"openssl/opensslv.h", "libssl-dev", "signing tools of the kernel's build"},
};

}  // namespace kverdict
