#include "runners/netconsole/frame.hpp"

#include <charconv>

namespace kverdict {
namespace {

constexpr std::size_t k_longest_header = 256;
constexpr std::size_t k_longest_body = 64 << 10;

std::string_view next_field(std::string_view& header) {
  const auto end = header.find(',');
  const auto field = header.substr(0, end);
  header = end == std::string_view::npos ? std::string_view() : header.substr(end + 1);
  return field;
}

template <class Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool read_fragment(std::string_view text, NetFrame& frame) {
  const auto slash = text.find('/');
  NetFragment fragment;
  if (slash == std::string_view::npos || !read(text.substr(0, slash), fragment.offset) ||
      !read(text.substr(slash + 1), fragment.total))
    return false;
  if (fragment.total > k_longest_body || fragment.offset >= fragment.total) return false;
  frame.fragment = fragment;
  return frame.body.size() <= fragment.total - fragment.offset;
}

bool read_option(std::string_view field, NetFrame& frame) {
  if (field.starts_with("caller=")) return frame.caller = field.substr(7), true;
  if (field.starts_with("ncfrag=")) return read_fragment(field.substr(7), frame);
  return true;
}

// "-", "c", "+", and what later kernels may add to them
bool read_flags(std::string_view flags, NetFrame& frame) {
  if (flags.empty() || flags.size() > 8) return false;
  frame.continues = flags.front() == 'c' || flags.front() == '+';
  return frame.continues || flags.front() == '-';
}

}  // namespace

std::optional<NetFrame> parse_frame(std::string_view datagram) {
  const auto end = datagram.substr(0, k_longest_header).find(';');
  if (end == std::string_view::npos) return std::nullopt;
  auto header = datagram.substr(0, end);
  NetFrame frame;
  frame.body = datagram.substr(end + 1);
  unsigned priority = 0;
  auto field = next_field(header);
  if (!read(field, priority)) {
    frame.release = field;
    if (field.empty() || field.find(' ') != std::string_view::npos || !read(next_field(header), priority))
      return std::nullopt;
  }
  if (!read(next_field(header), frame.sequence) || !read(next_field(header), frame.microseconds) ||
      !read_flags(next_field(header), frame))
    return std::nullopt;
  frame.level = priority % 8;
  while (!header.empty())
    if (!read_option(next_field(header), frame)) return std::nullopt;
  return frame;
}

std::string_view message_of(std::string_view body) {
  return body.substr(0, body.find('\n'));
}

}  // namespace kverdict
