#include "runners/replay/recording.hpp"

#include <charconv>
#include <cmath>
#include <sstream>

#include "runners/error.hpp"

namespace kverdict {

namespace {

using std::chrono::milliseconds;

constexpr double k_longest_seconds = 1e7;

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

std::optional<RecordedChunk> parse_line(std::string_view line) {
  std::size_t bar = line.find('|');
  if (bar == std::string_view::npos || bar == 0) return std::nullopt;
  char source = line[bar - 1];
  if (source != 's' && source != 'n') return std::nullopt;
  std::istringstream head{std::string(line.substr(0, bar - 1))};
  std::string word;
  std::string last;
  unsigned words = 0;
  for (; words < 3 && head >> word; ++words) last = word;
  auto at = parse_seconds(last);
  if (words == 0 || words > 2 || !at) return std::nullopt;
  std::string_view said = line.substr(bar + 1);
  if (said.starts_with(' ')) said.remove_prefix(1);
  RecordedChunk chunk{*at, {}};
  chunk.chunk.source = source == 's' ? ConsoleSource::serial : ConsoleSource::netconsole;
  chunk.chunk.bytes = unescaped(said) + (source == 's' ? "\r\n" : "\n");
  return chunk;
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
    if (auto chunk = parse_line(text)) {
      said_ = true;
      if (!scene_->chunks.empty()) chunk->at = std::max(chunk->at, scene_->chunks.back().at);
      scene_->chunks.push_back(std::move(*chunk));
    }
  }

  Recording finish(std::string_view whole) {
    if (!said_ && !directed_ && !whole.empty())
      recording_.boot.chunks.push_back({milliseconds(0), {ConsoleSource::serial, std::string(whole)}});
    if (!recording_.boot.exit && !stays_) recording_.boot.exit = powered_off_after_last();
    return std::move(recording_);
  }

 private:
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
                       ": not a direction: write \"! SECONDS exit powered_off\", \"! stays\", \"! nmi\" or "
                       "\"! sysrq\"");
    scene_->exit = RecordedExit{*at, {*cause, detail}};
  }

  std::string name_;
  unsigned number_ = 0;
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
