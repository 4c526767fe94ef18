#include "orchestrator/images/ar_members.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace kverdict {
namespace {

constexpr std::string_view k_magic = "!<thin>\n";
constexpr std::size_t k_header = 60;

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto end = text.find(' ') == std::string_view::npos ? text.size() : text.find(' ');
  const auto [stop, error] = std::from_chars(text.data(), text.data() + end, value);
  if (error != std::errc() || stop != text.data() + end) return std::nullopt;
  return value;
}

// "name/", or "/offset" into the table of long names; those end in "/\n".
std::optional<std::string> member_name(std::string_view field, std::string_view long_names) {
  if (field[0] != '/') return std::string(field.substr(0, field.rfind('/')));
  const auto offset = number(field.substr(1));
  if (!offset || *offset >= long_names.size()) return std::nullopt;
  const auto rest = long_names.substr(*offset);
  const auto end = rest.find("/\n");
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(rest.substr(0, end));
}

}  // namespace

std::vector<std::string> thin_archive_members(std::string_view bytes) {
  std::vector<std::string> names;
  std::string_view long_names;
  if (!bytes.starts_with(k_magic)) return names;
  for (auto rest = bytes.substr(k_magic.size()); !rest.empty();) {
    if (rest.size() < k_header) return {};
    const auto field = rest.substr(0, 16);
    const auto size = number(rest.substr(48, 10));
    const bool table = field.starts_with("//");
    const bool symbols = field.starts_with("/ ") || field.starts_with("/SYM64/");
    if (!size) return {};
    rest.remove_prefix(k_header);
    if (table || symbols) {  // only these have content in a thin archive
      if (*size > rest.size()) return {};
      if (table) long_names = rest.substr(0, *size);
      rest.remove_prefix(std::min(rest.size(), *size + *size % 2));
      continue;
    }
    auto name = member_name(field, long_names);
    if (!name) return {};
    names.push_back(std::move(*name));
  }
  return names;
}

}  // namespace kverdict
