#include "orchestrator/core/console/demangle.hpp"

#include <cstdint>
#include <optional>

namespace kverdict {
namespace {

constexpr int k_deepest = 40;
constexpr std::size_t k_longest = 400;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// One pass over the grammar of RFC 2603; `ok_` turns false at the first thing that does not fit.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::string> read() {
    path();
    if (!ok_ || out_.empty() || out_.size() > k_longest) return std::nullopt;
    return out_;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char take() { return at_ < text_.size() ? text_[at_++] : (ok_ = false, '\0'); }
  bool take_if(char c) { return peek() == c && (++at_, true); }
  void say(std::string_view words) {
    if (out_.size() <= k_longest) out_ += words;
  }

  std::uint64_t base62() {
    if (take_if('_')) return 0;
    std::uint64_t value = 0;
    for (int digits = 0; ok_ && digits < 12; ++digits) {
      const char c = take();
      if (c == '_') return value + 1;
      if (is_digit(c))
        value = value * 62 + static_cast<std::uint64_t>(c - '0');
      else if (c >= 'a' && c <= 'z')
        value = value * 62 + 10 + static_cast<std::uint64_t>(c - 'a');
      else if (c >= 'A' && c <= 'Z')
        value = value * 62 + 36 + static_cast<std::uint64_t>(c - 'A');
      else
        ok_ = false;
    }
    ok_ = false;
    return 0;
  }

  void disambiguator() {
    if (take_if('s')) base62();
  }

  void identifier() {
    disambiguator();
    take_if('u');
    std::size_t length = 0;
    if (!is_digit(peek())) ok_ = false;
    for (int digits = 0; digits < 4 && is_digit(peek()); ++digits)
      length = length * 10 + static_cast<std::size_t>(take() - '0');
    take_if('_');
    if (at_ + length > text_.size()) ok_ = false;
    if (!ok_) return;
    say(text_.substr(at_, length));
    at_ += length;
  }

  // Reads again what stood at an earlier place.
  template <class Read>
  void backref(Read read) {
    const auto target = base62();
    if (!ok_ || target >= at_) {
      ok_ = false;
      return;
    }
    const auto back = at_;
    at_ = target;
    read();
    at_ = back;
  }

  void impl_path() {
    disambiguator();
    const auto length = out_.size();
    path();
    out_.resize(std::min(length, out_.size()));  // where the impl stands is not part of the name
  }

  void path() {
    if (++depth_ > k_deepest) ok_ = false;
    if (ok_) path_of(take());
    --depth_;
  }

  void path_of(char kind) {
    switch (kind) {
      case 'C':
        return identifier();
      case 'M':
        impl_path();
        say("<"), type(), say(">");
        return;
      case 'X':
        impl_path();
        [[fallthrough]];
      case 'Y':
        say("<"), type(), say(" as "), path(), say(">");
        return;
      case 'N': {
        const char space = take();
        path();
        say("::");
        const auto length = out_.size();
        identifier();
        if (space == 'C' && out_.size() == length) say("{closure}");
        return;
      }
      case 'I':
        path();
        say("::<"), arguments(), say(">");
        return;
      case 'B':
        return backref([this] { path(); });
      default:
        ok_ = false;
    }
  }

  void arguments() {
    for (bool first = true; ok_ && !take_if('E'); first = false) {
      if (!first) say(", ");
      if (take_if('L'))
        base62();
      else if (peek() == 'K')
        ok_ = false;
      else
        type();
    }
  }

  void type() {
    static constexpr std::string_view k_letters = "abcdefhijlmnopstuvxyz";
    static constexpr std::string_view k_names[] = {"i8",    "bool",  "char", "f64", "str",  "f32",  "u8",
                                                   "isize", "usize", "i32",  "u32", "i128", "u128", "_",
                                                   "i16",   "u16",   "()",   "...", "i64",  "u64",  "!"};
    if (++depth_ > k_deepest) ok_ = false;
    if (const auto basic = k_letters.find(peek()); ok_ && basic != std::string_view::npos && peek() != '\0') {
      ++at_;
      say(k_names[basic]);
    } else if (ok_) {
      type_of(peek());
    }
    --depth_;
  }

  void type_of(char kind) {
    if (kind == 'B') {
      ++at_;
      return backref([this] { type(); });
    }
    if (kind == 'R' || kind == 'Q') {
      ++at_;
      if (take_if('L')) base62();
      say(kind == 'R' ? "&" : "&mut ");
      return type();
    }
    if (kind == 'P' || kind == 'O') {
      ++at_;
      say(kind == 'P' ? "*const " : "*mut ");
      return type();
    }
    if (kind == 'S') {
      ++at_;
      say("["), type(), say("]");
      return;
    }
    if (kind == 'T') {
      ++at_;
      say("("), arguments(), say(")");
      return;
    }
    path();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool ok_ = true;
  std::string out_;
};

}  // namespace

std::string demangled(std::string_view symbol) {
  if (!symbol.starts_with("_R") || symbol.size() < 4) return std::string(symbol);
  auto name = Reader(symbol.substr(2)).read();
  return name ? *name : std::string(symbol);
}

}  // namespace kverdict
