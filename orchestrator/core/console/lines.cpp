#include "orchestrator/core/console/lines.hpp"

#include "orchestrator/core/console/prefix.hpp"

#include <algorithm>
#include <cstring>

namespace kverdict {
namespace {

constexpr std::size_t k_longest_shape = 160;
constexpr unsigned k_shape_learned = 2;

bool has_byte(std::string_view text, char byte) {
  return !text.empty() && std::memchr(text.data(), byte, text.size()) != nullptr;
}

// Any byte below ' '? Eight at a time; the trick is exact for bounds up to 128.
bool has_control(std::string_view text) {
  const auto controls_at = [&](std::size_t at) {
    constexpr std::uint64_t k_ones = 0x0101010101010101;
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    return (word - k_ones * 0x20) & ~word & (k_ones * 0x80);
  };
  std::size_t at = 0;
  for (; at + 32 <= text.size(); at += 32)
    if ((controls_at(at) | controls_at(at + 8) | controls_at(at + 16) | controls_at(at + 24)) != 0)
      return true;
  for (; at + 8 <= text.size(); at += 8)
    if (controls_at(at) != 0) return true;
  for (; at < text.size(); ++at)
    if (static_cast<unsigned char>(text[at]) < 0x20) return true;
  return false;
}

bool is_dirty(std::string_view raw) {
  return std::any_of(raw.begin(), raw.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '	'; });
}

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '	'; });
}

// Length of the escape sequence that starts at text[0] == ESC; an unfinished one reaches to the end.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  std::size_t at = 2;
  if (text[1] == '[') {  // CSI: parameters, then one final byte
    while (at < text.size() && (text[at] < '@' || text[at] > '~')) {
      if (static_cast<unsigned char>(text[at]) < 0x20) return at;
      ++at;
    }
    return std::min(at + 1, text.size());
  }
  if (text[1] == ']') {  // OSC: until BEL or ST
    while (at < text.size() && text[at] != '\a' && text[at] != '\x1b') ++at;
    if (at < text.size() && text[at] == '\x1b') ++at;
    return std::min(at + 1, text.size());
  }
  if (text[1] >= ' ' && text[1] <= '/') return std::min<std::size_t>(3, text.size());
  return 2;
}

// Digits and letters lose their identity, so that a prefix with a clock in it keeps its shape.
std::string shape_of(std::string_view text) {
  std::string shape(text);
  for (char& c : shape)
    if (c >= '0' && c <= '9') c = '0';
  return shape;
}

void unescape(std::string_view text, std::string& out) {
  const auto hex = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' &&
                         hex(text[i + 2]) >= 0 && hex(text[i + 3]) >= 0;
    if (!escaped) {
      out += text[i];
      continue;
    }
    const int code = hex(text[i + 2]) * 16 + hex(text[i + 3]);
    out += code < 0x20 && code != '\t' ? ' ' : static_cast<char>(code);
    i += 3;
  }
}

}  // namespace

// What the transport put in front of one message.
struct LineReader::Prefix : LinePrefix {};

void LineReader::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const auto room = k_longest_line - pending_.size();
    const auto window = bytes.substr(0, room);
    const auto* found = static_cast<const char*>(std::memchr(window.data(), '\n', window.size()));
    const auto length = found ? static_cast<std::size_t>(found - window.data()) : window.size();
    const auto used = found ? length + 1 : length;
    offset_ += used;
    const bool whole = found != nullptr || length == room;
    if (whole && pending_.empty()) {
      take_raw(window.substr(0, length), pending_at_, offset_, sink);
    } else {
      pending_.append(window.data(), length);
      if (whole) take_raw(pending_, pending_at_, offset_, sink);
    }
    if (whole) {
      pending_.clear();
      pending_at_ = offset_;
    }
    bytes.remove_prefix(used);
  }
}

void LineReader::finish(const Sink& sink) {
  if (pending_.empty()) return;
  take_raw(pending_, pending_at_, offset_, sink);
  pending_.clear();
  pending_at_ = offset_;
}

void LineReader::take_raw(std::string_view raw, std::uint64_t begin, std::uint64_t end, const Sink& sink) {
  while (!raw.empty() && raw.back() == '\r') raw.remove_suffix(1);
  const bool controls = has_control(raw);
  if (controls && has_byte(raw, '\r')) return split_returns(raw, begin, end, sink);
  Line line;
  line.raw = raw;
  line.begin = begin;
  line.end = end;
  if (controls && is_dirty(raw)) return take_dirty(line, sink);
  take_clean(raw, line, sink);
}

// A lone CR ends a line too: progress displays and firmware overwrite their line with it.
void LineReader::split_returns(std::string_view raw, std::uint64_t begin, std::uint64_t end,
                               const Sink& sink) {
  const char* const start = raw.data();
  while (true) {
    const auto at = std::min(raw.find('\r'), raw.size());
    const bool last = at == raw.size();
    const auto from = begin + static_cast<std::uint64_t>(raw.data() - start);
    if (at != 0) take_raw(raw.substr(0, at), from, last ? end : from + at + 1, sink);
    if (last) return;
    raw.remove_prefix(at + 1);
  }
}

void LineReader::take_dirty(Line& line, const Sink& sink) {
  clean_.clear();
  origin_.clear();
  for (std::size_t i = 0; i < line.raw.size();) {
    const char c = line.raw[i];
    if (c == '\x1b') {
      i += escape_length(line.raw.substr(i));
      continue;
    }
    if (c == '\t' || static_cast<unsigned char>(c) >= 0x20) {
      clean_ += c;
      origin_.push_back(static_cast<std::uint32_t>(i));
    }
    ++i;
  }
  origin_.push_back(static_cast<std::uint32_t>(line.raw.size()));
  take_clean(clean_, line, sink);
}

// Cuts a clean line into its messages: each time stamp in the middle starts one.
void LineReader::take_clean(std::string_view clean, Line& line, const Sink& sink) {
  const bool mapped = clean.data() == clean_.data() && !clean_.empty();
  const auto raw_of = [&](std::size_t at) { return mapped ? std::size_t{origin_[at]} : at; };
  std::size_t start = 0;
  while (true) {
    auto piece = clean.substr(start);
    Prefix prefix{parse_prefix(piece)};
    if (prefix.length == 0) prefix.length = learned_prefix(piece);
    auto stop = find_embedded_stamp(piece, prefix.length);
    if (stop != std::string_view::npos && !prefix.has_stamp &&
        learn_prefix(piece.substr(prefix.length, stop - prefix.length))) {
      const auto skipped = stop;
      const auto level = prefix.level;
      prefix = Prefix{parse_prefix(piece.substr(stop))};
      prefix.length += skipped;
      if (prefix.level < 0) prefix.level = level;
      stop = find_embedded_stamp(piece, prefix.length);
    }
    const auto length = std::min(stop, piece.size());
    if (length == piece.size() && start == 0) return emit(piece, prefix, line, sink);
    Line one = line;
    const auto from = raw_of(start);
    const auto to = raw_of(start + length);
    one.raw = line.raw.substr(from, to - from);
    if (start != 0) one.begin = line.begin + from;
    if (length != piece.size()) one.end = line.begin + to;
    emit(piece.substr(0, length), prefix, one, sink);
    if (length == piece.size()) return;
    start += length;
  }
}

void LineReader::emit(std::string_view piece, const Prefix& prefix, Line& line, const Sink& sink) {
  line.text = piece.substr(std::min(prefix.length, piece.size()));
  line.caller = prefix.caller;
  line.level = prefix.level;
  line.origin = prefix.origin;
  line.printk_time = prefix.time;
  line.sequence = prefix.sequence;
  if (prefix.sequence && line.text.find("\\x") != std::string_view::npos) {
    unescape(line.text, unescaped_);
    line.text = unescaped_;
  }
  const bool equal = have_last_ && !is_blank(line.text) && line.text == last_text_ &&
                     line.printk_time == last_time_ && line.caller == last_caller_;
  if (equal) {
    ++doubled_;
    return;
  }
  last_text_.assign(line.text);
  last_caller_.assign(line.caller);
  last_time_ = line.printk_time;
  have_last_ = true;
  sink(line);
}

// Text in front of a time stamp that keeps its shape from line to line is a prefix, whatever it means.
bool LineReader::learn_prefix(std::string_view before) {
  if (before.empty() || is_blank(before)) return true;
  if (before.size() > k_longest_shape) return false;
  auto shape = shape_of(before);
  if (shape != shape_) {
    shape_ = std::move(shape);
    shape_seen_ = 1;
    return false;
  }
  shape_seen_ = std::min(shape_seen_ + 1, k_shape_learned);
  return shape_seen_ >= k_shape_learned;
}

std::size_t LineReader::learned_prefix(std::string_view piece) const {
  if (shape_seen_ < k_shape_learned || piece.size() < shape_.size()) return 0;
  for (std::size_t i = 0; i < shape_.size(); ++i) {
    const char c = piece[i] >= '0' && piece[i] <= '9' ? '0' : piece[i];
    if (c != shape_[i]) return 0;
  }
  return shape_.size();
}

}  // namespace kverdict
