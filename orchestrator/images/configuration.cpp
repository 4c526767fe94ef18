#include "orchestrator/images/configuration.hpp"

#include <algorithm>

namespace kverdict {
namespace {

bool under(std::string_view path, std::string_view folder) {
  return path.starts_with(folder);
}

std::string_view file_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// Calls f(line) for each line, without its newline.
template <class F>
void for_each_line(std::string_view text, F f) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() == text.size() ? text.size() : line.size() + 1);
    f(line);
  }
}

// "a/net/core/dev.c\t2023-01-01" -> "net/core/dev.c"; empty for /dev/null.
std::string path_of_header(std::string_view text) {
  text = text.substr(0, text.find_first_of("\t\r"));
  const auto slash = text.find('/');
  if (text == "/dev/null" || slash == std::string_view::npos) return {};
  return std::string(text.substr(slash + 1));
}

// "@@ -1,3 +1,4 @@ rest" -> "@@ -1,4 +1,3 @@ rest"
std::string reversed_hunk(std::string_view line) {
  const auto minus = line.find('-');
  const auto plus = line.find(" +", minus);
  const auto end = line.find(" @@", plus);
  if (minus == std::string_view::npos || plus == std::string_view::npos || end == std::string_view::npos)
    return std::string(line);
  const auto old_range = line.substr(minus + 1, plus - minus - 1);
  const auto new_range = line.substr(plus + 2, end - plus - 2);
  return "@@ -" + std::string(new_range) + " +" + std::string(old_range) + std::string(line.substr(end));
}

// Line counts of a hunk header, to know where the hunk ends.
struct HunkSize {
  unsigned before = 1, after = 1;
};

unsigned count_of(std::string_view range) {
  const auto comma = range.find(',');
  if (comma == std::string_view::npos) return 1;
  unsigned count = 0;
  for (const char c : range.substr(comma + 1)) {
    if (c < '0' || c > '9' || count > 10'000'000) break;
    count = count * 10 + static_cast<unsigned>(c - '0');
  }
  return count;
}

HunkSize hunk_size(std::string_view line) {
  const auto minus = line.find('-');
  const auto plus = line.find(" +");
  const auto end = line.find(" @@", plus);
  if (minus == std::string_view::npos || plus == std::string_view::npos || plus < minus) return {};
  HunkSize size;
  size.before = count_of(line.substr(minus + 1, plus - minus - 1));
  size.after = count_of(line.substr(plus + 2, end == std::string_view::npos ? end : end - plus - 2));
  return size;
}

}  // namespace

KernelConfig fixed_options() {
  KernelConfig config;
  config["CONFIG_LOCALVERSION"] = "\"\"";
  config["CONFIG_LOCALVERSION_AUTO"] = "n";
  return config;
}

bool touches_configuration(std::string_view path) {
  const auto name = file_name(path);
  if (name.starts_with("Kconfig") || under(path, "scripts/") || under(path, "kernel/configs/")) return true;
  if (path == "Makefile" || path == "Kbuild") return true;
  if (!under(path, "arch/")) return false;
  const auto inside = path.substr(std::min(path.size(), path.find('/', 5) + 1));  // below arch/<name>/
  return under(inside, "configs/") || inside.starts_with("Makefile") ||
         inside.find('/') == std::string_view::npos || name.ends_with(".sh");
}

std::vector<std::string> paths_of_patch(std::string_view patch) {
  std::vector<std::string> paths;
  HunkSize left{0, 0};
  for_each_line(patch, [&](std::string_view line) {
    if (left.before > 0 || left.after > 0) {  // inside a hunk: "--- x" may be a removed line
      if (!line.starts_with('+') && left.before > 0 && !line.starts_with('\\')) --left.before;
      if (!line.starts_with('-') && left.after > 0 && !line.starts_with('\\')) --left.after;
      return;
    }
    if (line.starts_with("@@ ")) left = hunk_size(line);
    if (!line.starts_with("--- ") && !line.starts_with("+++ ")) return;
    auto path = path_of_header(line.substr(4));
    if (!path.empty()) paths.push_back(std::move(path));
  });
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

std::string reversed_patch(std::string_view patch) {
  std::string out, header;
  HunkSize left{0, 0};
  for_each_line(patch, [&](std::string_view line) {
    std::string text(line);
    if (left.before > 0 || left.after > 0) {
      const char kind = line.empty() ? ' ' : line[0];
      if (kind != '+' && kind != '\\' && left.before > 0) --left.before;
      if (kind != '-' && kind != '\\' && left.after > 0) --left.after;
      if (kind == '+') text[0] = '-';
      if (kind == '-') text[0] = '+';
    } else if (line.starts_with("@@ ")) {
      left = hunk_size(line);
      text = reversed_hunk(line);
    } else if (line.starts_with("--- ")) {
      header = "+++ " + text.substr(4) + "\n";
      return;
    } else if (line.starts_with("+++ ")) {
      text = "--- " + text.substr(4) + "\n" + header;
      text.pop_back();
    } else if (line.starts_with("new file mode")) {
      text.replace(0, 3, "deleted");
    } else if (line.starts_with("deleted file mode")) {
      text.replace(0, 7, "new");
    }
    out += text + "\n";
  });
  return out;
}

}  // namespace kverdict
