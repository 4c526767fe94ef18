// What a program needs in the guest to be started: nothing, or the interpreter its first line names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kverdict {

// The words of a "#!" line; empty when `head` (the file's first bytes) has none.
std::vector<std::string> interpreter_words(std::string_view head);
// Is it an ELF file?
bool is_elf(std::string_view head);
// Is it a shell that busybox replaces?
bool is_shell(std::string_view interpreter);

}  // namespace kverdict
