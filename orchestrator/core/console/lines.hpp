// Console bytes in any chunking -> lines, freed from what the transport did to them. Pure.
//
// Undone: CRLF, lone CR, NUL, ANSI sequences, transport prefixes of any kind (levels, time stamps, callers,
// syslog, ISO and conserver dates, host names, netconsole's extended header, any other text that keeps
// standing in front of time stamps), two messages on one line (split at the embedded time stamp), lines that
// two consoles say twice. Every chunking of the same bytes gives the same lines; memory is bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kverdict {

// Who says the line, as far as the transport tells.
enum class LineOrigin : std::uint8_t {
  unknown,
  kernel,  // a printk time stamp, level or kernel tag stood in front
  user,    // a syslog tag of another program stood in front
};

// Views are valid during the sink call only; Transcript keeps copies.
struct Line {
  std::string_view text;    // the message alone
  std::string_view raw;     // bytes as they came, without the line end
  std::string_view caller;  // "T123" or "C0" of CONFIG_PRINTK_CALLER; empty = not said
  std::uint64_t begin = 0;  // bytes of the stream this line was made of: [begin, end)
  std::uint64_t end = 0;
  std::optional<std::chrono::microseconds> printk_time;
  std::optional<std::uint64_t> sequence;  // netconsole's extended format
  int level = -1;                         // syslog level 0..7; -1 = not said
  LineOrigin origin = LineOrigin::unknown;
};

inline constexpr std::size_t k_longest_line = 8192;  // longer ones come as several lines

class LineReader {
 public:
  using Sink = std::function<void(const Line&)>;

  void feed(std::string_view bytes, const Sink& sink);
  // The stream ends: what waits for its line end is a line.
  void finish(const Sink& sink);

  std::uint64_t bytes_seen() const { return offset_; }
  std::uint64_t doubled_lines() const { return doubled_; }  // neighbours that were equal, left out

 private:
  struct Prefix;
  void take_raw(std::string_view raw, std::uint64_t begin, std::uint64_t end, const Sink& sink);
  void split_returns(std::string_view raw, std::uint64_t begin, std::uint64_t end, const Sink& sink);
  void take_clean(std::string_view clean, Line& line, const Sink& sink);
  void take_dirty(Line& line, const Sink& sink);
  void emit(std::string_view piece, const Prefix& prefix, Line& line, const Sink& sink);
  std::size_t learned_prefix(std::string_view piece) const;
  bool learn_prefix(std::string_view before);

  std::string pending_;                // bytes of the line that has no end yet, at most k_longest_line
  std::uint64_t offset_ = 0;           // of the next byte to come
  std::uint64_t pending_at_ = 0;       // of pending_'s first byte
  std::string clean_;                  // scratch: a dirty line without its dirt
  std::vector<std::uint32_t> origin_;  // scratch: where in the raw line each clean byte stood
  std::string unescaped_;              // scratch: extended netconsole text without \xNN
  std::string last_text_;              // the line before, to find doubles
  std::string last_caller_;
  std::optional<std::chrono::microseconds> last_time_;
  bool have_last_ = false;
  std::uint64_t doubled_ = 0;
  std::string shape_;  // of the text that stood in front of time stamps lately
  unsigned shape_seen_ = 0;
};

}  // namespace kverdict
