#include "runners/replay/recording.hpp"

#include <charconv>
#include <cmath>
#include <sstream>

#include "runners/error.hpp"

namespace kverdict {

namespace {

using std::chrono::milliseconds;

constexpr double k_longest_seconds = 1e7;
constexpr std::size_t k_longest_head = 64;

std::optional<milliseconds> parse_seconds(const std::string& word) {
  double seconds = 0;
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seconds);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  if (!(seconds >= 0 && seconds < k_longest_seconds)) return std::nullopt;
  return milliseconds(std::llround(seconds * 1000));
}

std::optional<char> parse_hex_byte(std::string_view digits) {
  unsigned value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.size() != 2) return std::nullopt;
  return static_cast<char>(value);
}

std::string unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\\\\") {
      bytes += text[i++];
      continue;
    }
    auto byte = text.substr(i, 2) == "\\x" ? parse_hex_byte(text.substr(i + 2, 2)) : std::nullopt;
    bytes += byte.value_or(text[i]);
    if (byte) i += 3;
  }
  return bytes;
}

struct RecordedLine {
  milliseconds at{0};
  std::string sources;  // of "snm"
  int level = -1;       // of a numbered record
  std::string text;
};

bool read_sources(const std::string& word, RecordedLine& line) {
  const auto letters = std::min(word.find_first_not_of("snm"), word.size());
  line.sources = word.substr(0, letters);
  const auto digits = std::string_view(word).substr(letters);
  if (digits.size() > 1 || (digits.size() == 1 && (digits[0] < '0' || digits[0] > '7'))) return false;
  if (!digits.empty()) line.level = digits[0] - '0';
  return !line.sources.empty();
}

std::optional<RecordedLine> parse_line(std::string_view text) {
  const auto bar = text.find('|');
  if (bar == std::string_view::npos) return std::nullopt;
  std::istringstream head{std::string(text.substr(0, std::min<std::size_t>(bar, k_longest_head)))};
  std::vector<std::string> words;
  for (std::string word; words.size() < 4 && head >> word;) words.push_back(word);
  RecordedLine line;
  if (words.size() < 2 || words.size() > 3 || !read_sources(words.back(), line)) return std::nullopt;
  const auto at = parse_seconds(words[words.size() - 2]);
  if (!at) return std::nullopt;
  line.at = *at;
  auto said = text.substr(bar + 1);
  if (said.starts_with(' ')) said.remove_prefix(1);
  line.text = unescaped(said);
  return line;
}

struct Stamped {
  std::uint64_t micros = 0;
  std::string_view caller, text;
};

// "[    1.874210][   T12] text"; without a stamp all of it is text.
Stamped split_stamp(std::string_view line) {
  const auto dot = line.find('.'), end = line.find(']');
  std::uint64_t seconds = 0, micros = 0;
  const Stamped none{0, {}, line};
  if (!line.starts_with('[') || end == std::string_view::npos || dot > end || end - dot != 7) return none;
  const auto first = line.find_first_not_of(" [");
  const auto whole = std::from_chars(line.data() + first, line.data() + dot, seconds);
  const auto part = std::from_chars(line.data() + dot + 1, line.data() + end, micros);
  if (whole.ec != std::errc() || part.ec != std::errc() || seconds > 1'000'000'000) return none;
  Stamped stamped{seconds * 1'000'000 + micros, {}, line.substr(end + 1)};
  const auto caller_end = stamped.text.find(']');
  if (stamped.text.starts_with('[') && caller_end < 16) {
    stamped.caller = stamped.text.substr(1, caller_end - 1);
    stamped.caller.remove_prefix(std::min(stamped.caller.size(), stamped.caller.find_first_not_of(' ')));
    stamped.text.remove_prefix(caller_end + 1);
  }
  if (stamped.text.starts_with(' ')) stamped.text.remove_prefix(1);
  return stamped;
}

// As a kernel sends it, extended.
std::string record_of(const RecordedLine& line, std::uint64_t sequence) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto [micros, caller, text] = split_stamp(line.text);
  std::string record =
      std::to_string(line.level) + "," + std::to_string(sequence) + "," + std::to_string(micros) + ",-";
  if (!caller.empty()) record += ",caller=" + std::string(caller);
  record += ';';
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\\')
      record += c;
    else
      record += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
  return record + "\n";
}

// "   ... 3 lines that no channel brought ..." -> 3
std::uint64_t missing_in(std::string_view gap) {
  std::uint64_t count = 0;
  const auto first = gap.find_first_of("0123456789");
  if (first == std::string_view::npos || gap.find("no channel brought") == std::string_view::npos) return 0;
  std::from_chars(gap.data() + first, gap.data() + gap.size(), count);
  return std::min<std::uint64_t>(count, 1'000'000);
}

std::optional<GuestExit::Cause> parse_cause(const std::string& word) {
  if (word == "powered_off") return GuestExit::Cause::powered_off;
  if (word == "lost") return GuestExit::Cause::lost;
  if (word == "destroyed") return GuestExit::Cause::destroyed;
  return std::nullopt;
}

class Parser {
 public:
  explicit Parser(std::string name) : name_(std::move(name)) {}

  void line(std::string_view text) {
    ++number_;
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (text.starts_with('!')) return direction(std::string(text.substr(1)));
    const auto begin = text.find_first_not_of(' ');
    if (begin != std::string_view::npos && text.substr(begin).starts_with("...")) {
      sequence_ += missing_in(text);
    } else if (const auto line = parse_line(text)) {
      say(*line);
    }
  }

  Recording finish(std::string_view whole) {
    if (!said_ && !directed_ && !whole.empty())
      recording_.boot.chunks.push_back({milliseconds(0), {ConsoleSource::serial, std::string(whole)}});
    if (!recording_.boot.exit && !stays_) recording_.boot.exit = powered_off_after_last();
    return std::move(recording_);
  }

 private:
  void say(const RecordedLine& line) {
    said_ = true;
    if (line.level >= 0) ++sequence_;
    for (char letter : line.sources) {
      RecordedChunk one{line.at, {}};
      one.chunk.source = letter == 's'   ? ConsoleSource::serial
                         : letter == 'n' ? ConsoleSource::netconsole
                                         : ConsoleSource::memory;
      const bool numbered = letter != 's' && line.level >= 0;
      one.chunk.bytes = numbered ? record_of(line, sequence_) : line.text + (letter == 's' ? "\r\n" : "\n");
      if (!scene_->chunks.empty()) one.at = std::max(one.at, scene_->chunks.back().at);
      scene_->chunks.push_back(std::move(one));
    }
  }

  RecordedExit powered_off_after_last() const {
    milliseconds at = recording_.boot.chunks.empty() ? milliseconds(0) : recording_.boot.chunks.back().at;
    return {at, {GuestExit::Cause::powered_off, ""}};
  }

  void direction(const std::string& text) {
    directed_ = true;
    std::istringstream words(text);
    std::string first;
    words >> first;
    if (first == "stays")
      stays_ = true;
    else if (first == "nmi")
      scene_ = &recording_.on_nmi.emplace();
    else if (first == "sysrq")
      scene_ = &recording_.on_sysrq.emplace();
    else if (first == "memory")
      scene_ = &recording_.on_memory.emplace();
    else
      exit(first, words);
  }

  void exit(const std::string& time, std::istringstream& words) {
    auto at = parse_seconds(time);
    std::string verb;
    std::string cause_word;
    std::string detail;
    words >> verb >> cause_word >> std::ws;
    std::getline(words, detail);
    auto cause = parse_cause(cause_word);
    if (!at || verb != "exit" || !cause)
      throw UsageError(name_ + ":" + std::to_string(number_) +
                       ": not a direction: write \"! SECONDS exit powered_off\", \"! stays\", \"! nmi\", "
                       "\"! sysrq\" or \"! memory\"");
    scene_->exit = RecordedExit{*at, {*cause, detail}};
  }

  std::string name_;
  unsigned number_ = 0;
  std::uint64_t sequence_ = 0;  // of the last numbered record
  bool said_ = false;
  bool directed_ = false;
  bool stays_ = false;
  Recording recording_;
  RecordedScene* scene_ = &recording_.boot;
};

}  // namespace

Recording parse_recording(std::string_view text, const std::string& name) {
  Parser parser(name);
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.find('\n', begin), text.size());
    parser.line(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parser.finish(text);
}

}  // namespace kverdict
