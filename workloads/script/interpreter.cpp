#include "workloads/script/interpreter.hpp"

namespace kverdict {
namespace {

std::string_view base_name(std::string_view path) {
  auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::vector<std::string> interpreter_words(std::string_view head) {
  std::vector<std::string> words;
  if (!head.starts_with("#!")) return words;
  auto line = head.substr(2, head.find('\n') - 2);
  constexpr std::string_view blank = " \t\r";
  for (;;) {
    auto start = line.find_first_not_of(blank);
    if (start == std::string_view::npos) return words;
    line.remove_prefix(start);
    auto end = line.find_first_of(blank);
    words.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return words;
    line.remove_prefix(end);
  }
}

bool is_elf(std::string_view head) {
  return head.starts_with("\177ELF");
}

bool is_shell(std::string_view interpreter) {
  auto name = base_name(interpreter);
  return name == "sh" || name == "ash" || name == "busybox";
}

}  // namespace kverdict
