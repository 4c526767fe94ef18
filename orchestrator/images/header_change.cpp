#include "orchestrator/images/header_change.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace kverdict {
namespace {

constexpr std::size_t k_max_comparison =
    4'000'000;  // chunks before times chunks after, of the changed middle

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct Token {
  std::string_view text;
  unsigned line;
};

// One top-level declaration or preprocessor line.
struct Chunk {
  enum class Kind { other, macro, function, prototype };
  Kind kind = Kind::other;
  std::vector<Token> tokens;
  std::string_view name;
  bool calls = false;  // a function's body holds a call: a macro may put the line number in the object
  unsigned line() const { return tokens.front().line; }
  bool same_text(const Chunk& other) const {
    return std::ranges::equal(tokens, other.tokens, {}, &Token::text, &Token::text);
  }
  // Do its lines lie to each other as the other's do?
  bool moved_from(const Chunk& other) const {
    return !std::ranges::equal(tokens, other.tokens, {}, &Token::line, &Token::line);
  }
  bool mentions(std::string_view word) const {
    return std::ranges::any_of(tokens, [&](const Token& token) { return token.text == word; });
  }
};

// Splits C text into chunks. Comments are gone; a string is one token.
class Chunker {
 public:
  explicit Chunker(std::string_view text) : text_(text) {}

  // False: brackets that do not match.
  bool run(std::vector<Chunk>& chunks) {
    while (skip_blank()) {
      if (text_[at_] == '#' && at_line_start_) {
        take_directive(chunks);
      } else if (!take(chunks)) {
        return false;
      }
    }
    return !bad_ && depth_ == 0 && open_.tokens.empty();
  }

 private:
  // To the next character that counts; false at the end.
  bool skip_blank() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        at_line_start_ = true;
        ++at_;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
        ++at_;
      } else if (continues()) {
        at_ += 2;
        ++line_;
      } else if (!skip_comment()) {
        return true;
      }
    }
    return false;
  }
  bool continues() const { return text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n'; }
  bool skip_comment() {
    if (text_.substr(at_, 2) == "//") {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return true;
    }
    if (text_.substr(at_, 2) != "/*") return false;
    const auto end = text_.find("*/", at_ + 2);
    bad_ = bad_ || end == std::string_view::npos;
    const auto stop = bad_ ? text_.size() : end + 2;
    line_ += static_cast<unsigned>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                              text_.begin() + static_cast<std::ptrdiff_t>(stop), '\n'));
    at_ = stop;
    return true;
  }
  Token token() {
    const auto begin = at_;
    const char first = text_[at_++];
    if (is_word(first)) {
      while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    } else if (first == '"' || first == '\'') {
      while (at_ < text_.size() && text_[at_] != first && text_[at_] != '\n')
        at_ = std::min(text_.size(), at_ + (text_[at_] == '\\' ? 2 : 1));
      bad_ = bad_ || at_ >= text_.size() || text_[at_] != first;
      at_ = std::min(text_.size(), at_ + 1);
    }
    at_line_start_ = false;
    return {text_.substr(begin, at_ - begin), line_};
  }
  // One inside of a declaration belongs to it.
  void take_directive(std::vector<Chunk>& chunks) {
    auto tokens = directive();
    if (!open_.tokens.empty()) {
      open_.tokens.insert(open_.tokens.end(), tokens.begin(), tokens.end());
      return;
    }
    Chunk chunk;
    if (tokens.size() >= 3 && tokens[1].text == "define") {
      chunk.kind = Chunk::Kind::macro;
      chunk.name = tokens[2].text;
    }
    chunk.tokens = std::move(tokens);
    chunks.push_back(std::move(chunk));
  }
  std::vector<Token> directive() {
    std::vector<Token> tokens;
    for (;;) {
      tokens.push_back(token());
      while (at_ < text_.size() && text_[at_] != '\n' && skip_blank_in_line()) {
      }
      if (at_ >= text_.size() || text_[at_] == '\n') return tokens;
    }
  }
  bool skip_blank_in_line() {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\r') return ++at_, true;
    if (continues()) return at_ += 2, ++line_, true;
    return skip_comment();
  }
  bool take(std::vector<Chunk>& chunks) {
    open_.tokens.push_back(token());
    const auto text = open_.tokens.back().text;
    if (text == "(" || text == "[" || text == "{") ++depth_;
    if (text == ")" || text == "]" || text == "}") --depth_;
    if (depth_ < 0) return false;
    if (depth_ == 0 && (text == ";" || (text == "}" && is_function()))) {
      name_declaration(open_);
      chunks.push_back(std::move(open_));
      open_ = {};
    }
    return true;
  }
  // Is the block that just closed a function's body?
  bool is_function() const {
    for (const auto& token : open_.tokens) {
      if (token.text == "(") return true;
      if (token.text == "{" || token.text == "=") return false;
    }
    return false;
  }
  static void name_declaration(Chunk& chunk);

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned line_ = 1;
  int depth_ = 0;
  bool at_line_start_ = true;
  bool bad_ = false;
  Chunk open_;
};

bool is_identifier(std::string_view text) {
  return is_word(text.front()) && (text.front() < '0' || text.front() > '9');
}

// Leaves something behind, or is something, even when nobody uses it.
bool has_effect_unused(std::string_view word) {
  constexpr std::array<std::string_view, 11> k_words = {
      "__attribute__", "__used",         "__section",     "asm",    "__asm__", "__visible",
      "typedef",       "_Static_assert", "static_assert", "__init", "#"};
  return std::ranges::find(k_words, word) != k_words.end();
}

// "static inline TYPE NAME(...) {...}" and "[extern] TYPE NAME(...);". What looks otherwise has no name.
void Chunker::name_declaration(Chunk& chunk) {
  const auto& tokens = chunk.tokens;
  const auto open = std::ranges::find(tokens, "(", &Token::text);
  if (open - tokens.begin() < 2) return;
  bool is_static = false, is_inline = false;
  for (auto at = tokens.begin(); at != open; ++at) {
    is_static = is_static || at->text == "static";
    is_inline = is_inline || at->text == "inline" || at->text == "__always_inline";
    if (at->text != "*" && !is_identifier(at->text)) return;
  }
  const auto name = std::prev(open)->text;
  constexpr std::array<std::string_view, 8> k_types = {"int",   "void",     "char",   "long",
                                                       "short", "unsigned", "signed", "bool"};
  if (!is_identifier(name) || std::ranges::find(k_types, name) != k_types.end()) return;
  if (std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; })) return;  // a macro's call
  if (tokens.front().text == "extern" && open - tokens.begin() < 3) return;
  if (std::ranges::any_of(tokens, has_effect_unused, &Token::text)) return;
  const bool body = tokens.back().text == "}";
  if (body ? !(is_static && is_inline) : is_static || is_inline) return;
  if (!body && (std::ranges::find(tokens, "{", &Token::text) != tokens.end() ||
                std::ranges::find(tokens, "=", &Token::text) != tokens.end()))
    return;
  chunk.kind = body ? Chunk::Kind::function : Chunk::Kind::prototype;
  chunk.name = name;
  const auto inside = std::ranges::find(tokens, "{", &Token::text);
  chunk.calls =
      std::find_if(inside, tokens.end(), [](const Token& t) { return t.text == "("; }) != tokens.end();
}

// Which chunks of the two texts pair up: a longest common subsequence.
class Pairing {
 public:
  Pairing(const std::vector<Chunk>& before, const std::vector<Chunk>& after)
      : before_(before), after_(after) {}

  // (index before, index after); false when the comparison would take too long.
  bool run(std::vector<std::pair<std::size_t, std::size_t>>& pairs) {
    const auto most = std::min(before_.size(), after_.size());
    std::size_t head = 0, tail = 0;
    while (head < most && before_[head].same_text(after_[head])) pairs.emplace_back(head, head), ++head;
    while (tail < most - head && end_before(tail).same_text(end_after(tail))) ++tail;
    const auto rows = before_.size() - head - tail, columns = after_.size() - head - tail;
    if (rows * columns > k_max_comparison) return false;
    middle(head, rows, columns, pairs);
    for (auto i = tail; i > 0; --i) pairs.emplace_back(before_.size() - i, after_.size() - i);
    return true;
  }

 private:
  const Chunk& end_before(std::size_t i) const { return before_[before_.size() - 1 - i]; }
  const Chunk& end_after(std::size_t i) const { return after_[after_.size() - 1 - i]; }
  void middle(std::size_t head, std::size_t rows, std::size_t columns,
              std::vector<std::pair<std::size_t, std::size_t>>& pairs) const {
    if (rows == 0 || columns == 0) return;
    const auto width = columns + 1;
    std::vector<std::uint32_t> best((rows + 1) * width, 0);  // from here to the end
    for (auto r = rows; r-- > 0;)
      for (auto c = columns; c-- > 0;)
        best[r * width + c] = before_[head + r].same_text(after_[head + c])
                                  ? best[(r + 1) * width + c + 1] + 1
                                  : std::max(best[(r + 1) * width + c], best[r * width + c + 1]);
    for (std::size_t r = 0, c = 0; r < rows && c < columns;) {
      if (before_[head + r].same_text(after_[head + c]))
        pairs.emplace_back(head + r++, head + c++);
      else if (best[(r + 1) * width + c] >= best[r * width + c + 1])
        ++r;
      else
        ++c;
    }
  }

  const std::vector<Chunk>& before_;
  const std::vector<Chunk>& after_;
};

// The change as the two lists of chunks that have no partner, and what moved.
class Comparison {
 public:
  Comparison(const std::vector<Chunk>& before, const std::vector<Chunk>& after)
      : before_(before), after_(after) {}

  std::optional<std::set<std::string>> names() {
    if (!Pairing(before_, after_).run(pairs_)) return std::nullopt;
    if (!name_unpaired(
            before_, [](const auto& pair) { return pair.first; }, gone_) ||
        !name_unpaired(
            after_, [](const auto& pair) { return pair.second; }, come_) ||
        !name_moved())
      return std::nullopt;
    // A name on both sides is a declaration that was altered: pasted names could use it unseen.
    if (std::ranges::any_of(gone_, [&](const auto& name) { return come_.contains(name); }))
      return std::nullopt;
    std::set<std::string> all(gone_.begin(), gone_.end());
    all.insert(come_.begin(), come_.end());
    if (used_by_what_stays(all)) return std::nullopt;
    all.insert(moved_.begin(), moved_.end());
    if (used_by_what_stays(all)) return std::nullopt;
    return all;
  }

 private:
  template <class Side>
  bool name_unpaired(const std::vector<Chunk>& chunks, Side side, std::set<std::string>& names) {
    std::vector<bool> paired(chunks.size(), false);
    for (const auto& pair : pairs_) paired[side(pair)] = true;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (paired[i]) continue;
      if (chunks[i].kind == Chunk::Kind::other) return false;
      names.emplace(chunks[i].name);
    }
    return true;
  }
  bool name_moved() {
    for (const auto& [from, to] : pairs_) {
      const auto& chunk = after_[to];
      if (!chunk.moved_from(before_[from])) continue;
      if (chunk.kind == Chunk::Kind::function && chunk.calls) moved_.emplace(chunk.name);
      if (chunk.kind == Chunk::Kind::other && may_expand(chunk)) return false;
    }
    return true;
  }
  // "DEFINE_THING(x);", or a function without a plain name: may put its line anywhere.
  static bool may_expand(const Chunk& chunk) {
    const auto& first = chunk.tokens.front().text;
    if (first == "#" || first == "struct" || first == "enum" || first == "union" || first == "typedef")
      return false;
    return std::ranges::find(chunk.tokens, "(", &Token::text) != chunk.tokens.end();
  }
  // Would a declaration that is the same on both sides notice? Those that moved are among the names.
  bool used_by_what_stays(const std::set<std::string>& names) const {
    return std::ranges::any_of(pairs_, [&](const auto& pair) {
      const auto& chunk = after_[pair.second];
      if (moved_.contains(std::string(chunk.name)) && chunk.kind == Chunk::Kind::function) return false;
      return std::ranges::any_of(chunk.tokens, [&](const Token& token) {
        return is_word(token.text.front()) && names.contains(std::string(token.text));
      });
    });
  }

  const std::vector<Chunk>& before_;
  const std::vector<Chunk>& after_;
  std::vector<std::pair<std::size_t, std::size_t>> pairs_;
  std::set<std::string> gone_, come_, moved_;
};

}  // namespace

std::optional<std::set<std::string>> names_of_header_change(std::string_view before, std::string_view after) {
  std::vector<Chunk> old_chunks, new_chunks;
  if (!Chunker(before).run(old_chunks) || !Chunker(after).run(new_chunks)) return std::nullopt;
  return Comparison(old_chunks, new_chunks).names();
}

bool mentions_any(std::string_view text, const std::set<std::string, std::less<>>& names) {
  if (names.empty()) return false;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    auto end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    if (names.contains(text.substr(at, end - at))) return true;
    at = end;
  }
  return false;
}

}  // namespace kverdict
