#include "runners/memory/vmcoreinfo.hpp"

#include <charconv>

namespace kverdict {
namespace {

constexpr std::string_view k_first_key = "OSRELEASE=";
constexpr std::size_t k_page = 4096;

bool is_printable(char c) {
  return c == '\n' || (c >= ' ' && c <= '~');
}

// The text ends at its first byte that is none.
std::string_view text_at(std::string_view bytes) {
  std::size_t end = 0;
  while (end < bytes.size() && is_printable(bytes[end])) ++end;
  return bytes.substr(0, end);
}

}  // namespace

std::optional<VmcoreInfo> VmcoreInfo::find(const CoreFile& core) {
  const auto note = core.note("VMCOREINFO");
  if (note.find(k_first_key) != std::string_view::npos) return VmcoreInfo(text_at(note));
  for (const auto& piece : core.pieces()) {
    const auto first = (k_page - piece.address % k_page) % k_page;
    for (std::uint64_t at = first; at < piece.bytes.size(); at += k_page) {
      const auto page = piece.bytes.substr(at, k_page);
      if (!page.starts_with(k_first_key)) continue;
      VmcoreInfo info(text_at(page));
      if (info.symbol("prb")) return info;  // other pages may begin so by chance
    }
  }
  return std::nullopt;
}

std::string_view VmcoreInfo::text(std::string_view key) const {
  const auto wanted = std::string(key) + "=";
  std::string_view rest = text_;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    if (line.starts_with(wanted)) return line.substr(wanted.size());
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return {};
}

std::optional<std::uint64_t> VmcoreInfo::value(const std::string& key, int base) const {
  const auto word = text(key);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, base);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> VmcoreInfo::symbol(std::string_view name) const {
  return value("SYMBOL(" + std::string(name) + ")", 16);
}
std::optional<std::uint64_t> VmcoreInfo::offset(std::string_view member) const {
  return value("OFFSET(" + std::string(member) + ")", 10);
}
std::optional<std::uint64_t> VmcoreInfo::size(std::string_view type) const {
  return value("SIZE(" + std::string(type) + ")", 10);
}
std::optional<std::int64_t> VmcoreInfo::number(std::string_view name) const {
  const auto word = text("NUMBER(" + std::string(name) + ")");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

}  // namespace kverdict
