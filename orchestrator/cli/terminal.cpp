#include "orchestrator/cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace kverdict {
namespace {

constexpr std::size_t k_narrowest = 20;
constexpr std::size_t k_widest = 500;

std::string variable(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::size_t width_of(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col < k_narrowest) return Terminal{}.width;
  return std::min<std::size_t>(size.ws_col, k_widest);
}

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

const char* code(Paint paint) {
  switch (paint) {
    case Paint::plain:
      return "";
    case Paint::good:
      return "\x1b[32m";
    case Paint::bad:
      return "\x1b[31m";
    case Paint::skip:
      return "\x1b[33m";
    case Paint::dim:
      return "\x1b[2m";
    case Paint::bold:
      return "\x1b[1m";
  }
  return "";
}

}  // namespace

Terminal terminal_of(int descriptor, const std::map<std::string, std::string>& environment,
                     ColorChoice choice) {
  Terminal terminal;
  const std::string kind = variable(environment, "TERM");
  if (isatty(descriptor) == 0) return terminal;
  terminal.width = width_of(descriptor);
  if (kind.empty() || kind == "dumb") return terminal;
  terminal.redraw = Redraw::in_place;
  const bool wanted = choice == ColorChoice::automatic && variable(environment, "NO_COLOR").empty();
  terminal.colors = wanted ? Colors::on : Colors::off;
  return terminal;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (char c : text) count += continues(c) ? 0 : 1;
  return count;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  const std::string_view mark = width > 3 ? "..." : "";
  std::size_t room = width - mark.size();
  std::size_t end = 0;
  while (end < text.size() && (room > 0 || continues(text[end]))) {
    if (!continues(text[end])) --room;
    ++end;
  }
  return std::string(text.substr(0, end)).append(mark);
}

std::string painted(std::string_view text, Paint paint, Colors colors) {
  if (colors == Colors::off || paint == Paint::plain) return std::string(text);
  return code(paint) + std::string(text) + "\x1b[0m";
}

}  // namespace kverdict
