#include "workloads/iperf/json_numbers.hpp"

#include <math.h>
#include <stdlib.h>

namespace kvguest {
namespace {

constexpr int k_depth = 16;
constexpr std::size_t k_leaves = 10'000;

class Reader {
 public:
  Reader(std::string_view text, std::string_view prefix, std::string_view other)
      : text_(text), prefix_(prefix), other_(other) {}

  bool read() {
    if (!value("", 0)) return false;
    blank();
    return at_ == text_.size();
  }
  JsonLeaves leaves;

 private:
  void blank() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) {
    blank();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }
  bool kept(const std::string& path) const { return path.starts_with(prefix_) || path.starts_with(other_); }

  bool value(const std::string& path, int depth) {
    blank();
    if (depth > k_depth || at_ >= text_.size()) return false;
    switch (text_[at_]) {
      case '{':
        return object(path, depth);
      case '[':
        return array(path, depth);
      case '"':
        return string_value(path);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number_value(path);
    }
  }

  static std::string below(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  }

  bool object(const std::string& path, int depth) {
    take('{');
    if (take('}')) return true;
    for (;;) {
      std::string name;
      blank();
      if (!string(name) || !take(':') || !value(below(path, name), depth + 1)) return false;
      if (take('}')) return true;
      if (!take(',')) return false;
    }
  }

  bool array(const std::string& path, int depth) {
    take('[');
    if (take(']')) return true;
    for (unsigned index = 0;; ++index) {
      if (!value(below(path, std::to_string(index)), depth + 1)) return false;
      if (take(']')) return true;
      if (!take(',')) return false;
    }
  }

  // Escapes are kept as they stand but for \" \\ \/ and \n: nothing here is for reading back.
  bool string(std::string& out) {
    if (at_ >= text_.size() || text_[at_] != '"') return false;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (c == '\\') {
        if (++at_ >= text_.size()) return false;
        c = text_[at_] == 'n' ? ' ' : text_[at_];
      }
      if (out.size() < 1000) out += c;
    }
    return false;
  }

  bool string_value(const std::string& path) {
    std::string content;
    if (!string(content)) return false;
    if (kept(path) && leaves.strings.size() < k_leaves) leaves.strings[path] = content;
    return true;
  }

  bool number_value(const std::string& path) {
    auto end = text_.find_first_not_of("+-.0123456789eE", at_);
    std::string digits(text_.substr(at_, end == std::string_view::npos ? end : end - at_));
    char* stop = nullptr;
    double number = strtod(digits.c_str(), &stop);
    if (digits.empty() || digits.size() > 64 || *stop != '\0' || !isfinite(number)) return false;
    at_ += digits.size();
    if (kept(path) && leaves.numbers.size() < k_leaves) leaves.numbers[path] = number;
    return true;
  }

  std::string_view text_, prefix_, other_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<double> JsonLeaves::number(const std::string& path) const {
  auto found = numbers.find(path);
  if (found == numbers.end()) return std::nullopt;
  return found->second;
}

std::optional<JsonLeaves> read_json(std::string_view text, std::string_view prefix,
                                    std::string_view other_prefix) {
  Reader reader(text, prefix, other_prefix);
  if (!reader.read()) return std::nullopt;
  return std::move(reader.leaves);
}

}  // namespace kvguest
