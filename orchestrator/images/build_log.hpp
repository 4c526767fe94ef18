// What the log of a failed build says: the candidate's fault, the lab's, or that of an old output folder.
// Pure; the log is hostile (it quotes sources) and bounded by the caller.
#pragma once

#include <string>
#include <string_view>

namespace kverdict {

struct BuildBlame {
  enum class Who {
    lab,        // full disk, killed compiler, missing program: says nothing of the candidate
    candidate,  // the sources do not build
    leftovers,  // may come from files of an earlier build: worth one try from scratch
  };
  Who who = Who::lab;
  std::string line;  // the first error, cleaned, at most 300 characters
};

BuildBlame blame(std::string_view log);

// The last `lines` lines, at most `bytes` bytes, printable (tabs kept, other control characters and broken
// UTF-8 become '?').
std::string log_tail(std::string_view log, unsigned lines = 40, std::size_t bytes = 8192);

}  // namespace kverdict
