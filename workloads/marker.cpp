#include "workloads/marker.hpp"

#include <cstdint>

#include "workloads/text.hpp"

namespace kverdict {
namespace {

constexpr std::string_view k_sign = "@kv ";
constexpr std::size_t k_max_prefix = 200;   // syslog prefix with host name, or extended netconsole header
constexpr std::size_t k_max_marker = 1000;  // a printk record holds no more
constexpr std::size_t k_max_fields = 16;

// CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xffff, not reflected.
std::uint16_t crc16(std::string_view text) {
  unsigned crc = 0xffff;
  for (char c : text) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return static_cast<std::uint16_t>(crc);
}

std::string hex4(std::uint16_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(value >> shift) & 15];
  return out;
}

bool lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool name_char(char c) {
  return lower(c) || c == '_' || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 32 || !lower(text.front())) return false;
  for (char c : text)
    if (!name_char(c)) return false;
  return true;
}

std::string_view without_line_end(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

// May a marker follow this? Nothing, or what printk, syslog and netconsole put before a message; never
// ordinary text, so that a kernel message that quotes a marker is not one.
bool is_log_prefix(std::string_view prefix) {
  while (!prefix.empty() && prefix.back() == ' ') prefix.remove_suffix(1);
  if (prefix.empty()) return true;
  char last = prefix.back();
  return last == ']' || last == '>' || last == ':' || last == ';';
}

// The text behind "@kv", empty when the line does not claim to be a marker.
std::optional<std::string_view> claimed(std::string_view line) {
  line = without_line_end(line);
  auto window = line.substr(0, k_max_prefix + k_sign.size());
  auto at = window.find("@kv");
  if (at == std::string_view::npos || !is_log_prefix(line.substr(0, at))) return std::nullopt;
  auto rest = line.substr(at + 3);
  if (!rest.empty() && rest.front() != ' ') return std::nullopt;
  return rest.empty() ? rest : rest.substr(1);
}

std::optional<std::string_view> next_word(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  auto end = text.find(' ');
  auto word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return word;
}

bool add_field(Marker& marker, std::string_view word) {
  auto equals = word.find('=');
  if (equals == std::string_view::npos || !is_name(word.substr(0, equals))) return false;
  auto value = percent_decode(word.substr(equals + 1));
  if (!value || marker.fields.size() >= k_max_fields) return false;
  return marker.fields.emplace(word.substr(0, equals), std::move(*value)).second;
}

}  // namespace

const std::string& Marker::field(const std::string& key) const {
  static const std::string k_none;
  auto found = fields.find(key);
  return found == fields.end() ? k_none : found->second;
}

std::optional<Marker> parse_marker(std::string_view line) {
  auto text = claimed(line);
  if (!text || text->size() > k_max_marker || text->size() < 6 || text->back() == ' ') return std::nullopt;
  auto body = text->substr(5);
  if ((*text)[4] != ' ' || text->substr(0, 4) != hex4(crc16(body))) return std::nullopt;
  Marker marker;
  auto word = next_word(body);
  if (!word || !is_name(*word)) return std::nullopt;
  marker.word = *word;
  while (auto field = next_word(body))
    if (!add_field(marker, *field)) return std::nullopt;
  return marker;
}

bool looks_like_marker(std::string_view line) {
  return claimed(line).has_value();
}

std::string encode(const Marker& marker) {
  std::string body = marker.word;
  for (const auto& [key, value] : marker.fields) body += " " + key + "=" + percent_encode(value);
  return std::string(k_sign) + hex4(crc16(body)) + " " + body;
}

}  // namespace kverdict
