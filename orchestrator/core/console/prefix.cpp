#include "orchestrator/core/console/prefix.hpp"

#include <array>
#include <cstring>

namespace kverdict {
namespace {

constexpr std::size_t k_longest_date = 48;
constexpr int k_most_layers = 8;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Reads what stands in front; every reader leaves the cursor alone when it fails.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  std::size_t at = 0;

  char peek(std::size_t ahead = 0) const { return at + ahead < text_.size() ? text_[at + ahead] : '\0'; }
  bool take(char c) {
    if (at >= text_.size() || text_[at] != c) return false;
    ++at;
    return true;
  }
  bool take(std::string_view word) {
    if (text_.substr(at, word.size()) != word) return false;
    at += word.size();
    return true;
  }
  void spaces() {
    while (peek() == ' ') ++at;
  }
  // A number of `least` to `most` digits.
  std::optional<std::uint64_t> number(int least, int most) {
    std::uint64_t value = 0;
    int digits = 0;
    while (digits < most && is_digit(peek(static_cast<std::size_t>(digits))))
      value = value * 10 + static_cast<std::uint64_t>(peek(static_cast<std::size_t>(digits++)) - '0');
    if (digits < least) return std::nullopt;
    at += static_cast<std::size_t>(digits);
    return value;
  }
  std::string_view rest() const { return text_.substr(std::min(at, text_.size())); }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// "[   12.345678]" at text[at]; where it ends, 0 = none. Runs once a line and more: no frills.
std::size_t stamp_end(std::string_view text, std::size_t at, std::uint64_t& micros) {
  const auto digit = [&](std::size_t i) { return i < text.size() && is_digit(text[i]); };
  ++at;
  while (at < text.size() && text[at] == ' ') ++at;
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; digits < 12 && digit(at); ++digits)
    value = value * 10 + static_cast<std::uint64_t>(text[at++] - '0');
  if (digits == 0 || at + 8 > text.size() || text[at] != '.' || text[at + 7] != ']') return 0;
  for (std::size_t i = 1; i <= 6; ++i) {
    if (!is_digit(text[at + i])) return 0;
    value = value * 10 + static_cast<std::uint64_t>(text[at + i] - '0');
  }
  micros = value;
  return at + 8;
}

std::optional<std::chrono::microseconds> read_stamp(Cursor& cursor) {
  std::uint64_t micros = 0;
  if (cursor.peek() != '[') return std::nullopt;
  const auto end = stamp_end(cursor.text(), cursor.at, micros);
  if (end == 0) return std::nullopt;
  cursor.at = end;
  return std::chrono::microseconds(static_cast<std::int64_t>(micros));
}

// "[  T123]" or "[    C0]"
bool read_caller(Cursor& cursor, LinePrefix& prefix) {
  Cursor c = cursor;
  if (c.peek() == ' ' && c.peek(1) == '[') ++c.at;
  if (!c.take('[')) return false;
  c.spaces();
  const auto start = c.at;
  if (c.peek() != 'T' && c.peek() != 'C') return false;
  ++c.at;
  if (!c.number(1, 9)) return false;
  const auto stop = c.at;
  if (!c.take(']')) return false;
  prefix.caller = c.text().substr(start, stop - start);
  cursor = c;
  return true;
}

bool read_printk(Cursor& cursor, LinePrefix& prefix) {
  Cursor c = cursor;
  const auto time = read_stamp(c);
  if (!time) return false;
  prefix.time = time;
  prefix.has_stamp = true;
  prefix.origin = LineOrigin::kernel;
  read_caller(c, prefix);
  c.take(' ');
  cursor = c;
  return true;
}

bool read_level(Cursor& cursor, LinePrefix& prefix) {
  Cursor c = cursor;
  if (!c.take('<')) return false;
  const auto value = c.number(1, 3);
  if (!value || *value > 191 || !c.take('>')) return false;
  prefix.level = static_cast<int>(*value % 8);
  if (*value < 8) prefix.origin = LineOrigin::kernel;
  cursor = c;
  return true;
}

// "4,1000,12345678,-,caller=T12;" of netconsole's extended format and /dev/kmsg
bool read_extended(Cursor& cursor, LinePrefix& prefix) {
  Cursor c = cursor;
  const auto level = c.number(1, 4);
  if (!level || !c.take(',')) return false;
  const auto sequence = c.number(1, 18);
  if (!sequence || !c.take(',')) return false;
  const auto micros = c.number(1, 18);
  if (!micros || !c.take(',')) return false;
  const auto end = c.rest().substr(0, 200).find(';');
  if (end == std::string_view::npos) return false;
  const auto flags = c.rest().substr(0, end);
  if (flags.empty() || std::strchr("-c+", flags[0]) == nullptr) return false;
  const auto caller = flags.find(",caller=");
  if (caller != std::string_view::npos) {
    const auto value = flags.substr(caller + 8);
    prefix.caller = value.substr(0, value.find(','));
  }
  prefix.level = static_cast<int>(*level % 8);
  prefix.sequence = sequence;
  prefix.time = std::chrono::microseconds(static_cast<std::int64_t>(*micros));
  prefix.has_stamp = true;
  prefix.origin = LineOrigin::kernel;
  c.at += end + 1;
  cursor = c;
  return true;
}

// "12:34:56" with an optional fraction
bool read_clock(Cursor& cursor) {
  Cursor c = cursor;
  for (int part = 0; part < 3; ++part) {
    if (part != 0 && !c.take(':')) return false;
    if (!c.number(2, 2)) return false;
  }
  if (c.peek() == ':' || is_digit(c.peek())) return false;
  if ((c.peek() == '.' || c.peek() == ',') && is_digit(c.peek(1))) {
    ++c.at;
    c.number(1, 9);
  }
  cursor = c;
  return true;
}

bool read_word_of(Cursor& cursor, std::string_view words) {
  const auto three = cursor.rest().substr(0, 3);
  for (std::size_t i = 0; i + 3 <= words.size(); i += 3)
    if (three == words.substr(i, 3) && !is_letter(cursor.peek(3))) {
      cursor.at += 3;
      return true;
    }
  return false;
}

// "+02:00", "+0200", "Z", " UTC"
void read_zone(Cursor& cursor) {
  if (cursor.take('Z') || cursor.take(" UTC")) return;
  Cursor c = cursor;
  if (!c.take('+') && !c.take('-')) return;
  if (!c.number(2, 2)) return;
  c.take(':');
  if (c.number(2, 2)) cursor = c;
}

// "2026-03-01T12:00:00.5+00:00", "2026-03-01 12:00:00", "2026/03/01 12:00:00", "12:00:00"
bool read_iso(Cursor& cursor) {
  Cursor c = cursor;
  Cursor day = c;
  const bool dated = day.number(4, 4) && (day.take('-') || day.take('/')) && day.number(2, 2) &&
                     (day.take('-') || day.take('/')) && day.number(2, 2);
  if (dated) {
    c = day;
    if (!c.take('T') && !c.take(' ') && !c.take('_')) return false;
  }
  if (!read_clock(c)) return false;
  read_zone(c);
  cursor = c;
  return true;
}

// "Mar  1 12:00:00", "Sun Mar  1 12:00:00 2026"
bool read_calendar(Cursor& cursor) {
  Cursor c = cursor;
  if (read_word_of(c, "MonTueWedThuFriSatSun")) {
    c.take(',');
    if (!c.take(' ')) return false;
  }
  if (!read_word_of(c, "JanFebMarAprMayJunJulAugSepOctNovDec")) return false;
  c.spaces();
  if (!c.number(1, 2)) return false;
  c.spaces();
  Cursor year = c;
  if (year.number(4, 4) && year.take(' ')) c = year;
  if (!read_clock(c)) return false;
  year = c;
  if (year.take(' ') && year.number(4, 4) && (year.peek() == ' ' || year.peek() == ']' || year.peek() == ':'))
    c = year;
  read_zone(c);
  cursor = c;
  return true;
}

// "1772366400.123456", "+0.000123" (dmesg -d)
bool read_seconds(Cursor& cursor) {
  Cursor c = cursor;
  c.spaces();
  const bool delta = c.take('+');
  if (!c.number(delta ? 1 : 9, 11) || !c.take('.') || !c.number(3, 9)) return false;
  cursor = c;
  return true;
}

// "Mar 1 12:00" (dmesg -e)
bool read_minute(Cursor& cursor) {
  Cursor c = cursor;
  if (!read_word_of(c, "JanFebMarAprMayJunJulAugSepOctNovDec")) return false;
  c.spaces();
  if (!c.number(1, 2) || !c.take(' ') || !c.number(2, 2) || !c.take(':') || !c.number(2, 2)) return false;
  if (c.peek() != ']') return false;
  cursor = c;
  return true;
}

bool read_plain_date(Cursor& cursor) {
  return read_iso(cursor) || read_calendar(cursor) || read_seconds(cursor) || read_minute(cursor);
}

// A date, bare or in brackets, with one separator behind it.
bool read_date(Cursor& cursor) {
  Cursor c = cursor;
  const bool bracket = c.take('[');
  if (!read_plain_date(c)) return false;
  if (bracket && !c.take(']')) return false;
  if (c.peek() == ':' || c.peek() == '|') ++c.at;
  if (c.peek() != ' ' && c.peek() != '\t' && c.peek() != '[' && c.peek() != '<' && c.at < c.text().size())
    return false;
  if (c.peek() == ' ' || c.peek() == '\t') ++c.at;
  cursor = c;
  return true;
}

std::string_view next_word(std::string_view text) {
  return text.substr(0, text.find(' '));
}

// "host kernel: ", "kernel: ", "host prog[12]: " behind a date
bool read_tag(Cursor& cursor, LinePrefix& prefix) {
  const auto rest = cursor.rest();
  auto word = next_word(rest);
  std::size_t used = word.size() + 1;
  if (!word.ends_with(':')) {  // a host name
    if (word.empty() || word.size() > 64 || used >= rest.size()) return false;
    word = next_word(rest.substr(used));
    used += word.size() + 1;
  }
  if (word.size() < 2 || !word.ends_with(':')) return false;
  const bool kernel = word.starts_with("kernel");
  const bool tagged = word.ends_with("]:") && word.find('[') != std::string_view::npos;
  if (!kernel && !tagged) return false;
  if (!kernel) prefix.origin = LineOrigin::user;
  if (kernel) prefix.origin = LineOrigin::kernel;
  cursor.at = std::min(cursor.at + used, cursor.text().size());
  return true;
}

// "kern  :warn  : " of dmesg -x
bool read_facility(Cursor& cursor, LinePrefix& prefix) {
  static constexpr std::array<std::string_view, 8> k_levels = {"emerg", "alert",  "crit", "err",
                                                               "warn",  "notice", "info", "debug"};
  Cursor c = cursor;
  if (!c.take("kern")) return false;
  c.spaces();
  if (!c.take(':')) return false;
  for (std::size_t level = 0; level < k_levels.size(); ++level) {
    Cursor d = c;
    if (!d.take(k_levels[level])) continue;
    d.spaces();
    if (!d.take(':')) continue;
    d.take(' ');
    prefix.level = static_cast<int>(level);
    prefix.origin = LineOrigin::kernel;
    cursor = d;
    return true;
  }
  return false;
}

// What may stand in front of the printk stamp, or instead of it.
bool read_layer(Cursor& cursor, LinePrefix& prefix, bool& dated) {
  const char c = cursor.peek();
  if (c == '[' && read_printk(cursor, prefix)) return true;
  if (c == '[' && dated && read_caller(cursor, prefix)) return cursor.take(' ') || true;
  if (c == '<') return read_level(cursor, prefix);
  if (is_digit(c) && read_extended(cursor, prefix)) return true;
  if (is_digit(c) || is_letter(c) || c == '[') {
    if (read_date(cursor)) return dated = true;
    if (c == 'k' && read_facility(cursor, prefix)) return true;
    if (dated && read_tag(cursor, prefix)) return !(dated = false);
  }
  return false;
}

// `journalctl -o short-monotonic` puts host and tag behind the stamp.
void read_late_tag(Cursor& cursor, LinePrefix& prefix) {
  const auto rest = cursor.rest();
  const auto space = rest.substr(0, 65).find(' ');
  if (space != std::string_view::npos && rest.substr(space + 1).starts_with("kernel: "))
    read_tag(cursor, prefix);
}

}  // namespace

LinePrefix parse_prefix(std::string_view line) {
  LinePrefix prefix;
  Cursor cursor(line);
  bool dated = false;
  for (int layer = 0; layer < k_most_layers && !prefix.has_stamp; ++layer)
    if (!read_layer(cursor, prefix, dated)) break;
  if (prefix.has_stamp && !prefix.sequence) read_late_tag(cursor, prefix);
  prefix.length = std::min(cursor.at, line.size());
  return prefix;
}

std::size_t find_embedded_stamp(std::string_view line, std::size_t from) {
  while (from < line.size()) {
    const auto at = line.find('[', from);
    if (at == std::string_view::npos) return at;
    const char next = at + 1 < line.size() ? line[at + 1] : '\0';
    if (next == ' ' || is_digit(next)) {
      std::uint64_t micros = 0;
      if (stamp_end(line, at, micros) != 0) return at;
    }
    from = at + 1;
  }
  return std::string_view::npos;
}

}  // namespace kverdict
