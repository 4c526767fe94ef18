#include "output.hpp"

#include <math.h>
#include <stdlib.h>

#include <vector>

#include "say.hpp"
#include "sys.hpp"

namespace kvguest {
namespace {

// About a second of a 115,200 baud line, then nothing until the end.
constexpr std::size_t k_lines = 100, k_bytes = 10'000, k_last_lines = 20, k_metrics = 100;
constexpr std::size_t k_line_length = 400;
constexpr std::string_view k_metric = "KVMETRIC ";

bool is_name(std::string_view text, std::size_t limit) {
  if (text.empty() || text.size() > limit) return false;
  for (char c : text)
    if (c <= 0x20 || c >= 0x7f) return false;
  return true;
}

bool is_number(std::string_view text) {
  std::string copy(text);
  char* end = nullptr;
  return !copy.empty() && copy.size() < 40 && isfinite(strtod(copy.c_str(), &end)) && *end == '\0';
}

}  // namespace

void Output::take(std::string_view bytes) {
  for (;;) {
    auto end = bytes.find('\n');
    auto part = bytes.substr(0, end);
    if (partial_.size() < k_line_length) partial_ += part.substr(0, k_line_length - partial_.size());
    if (end == std::string_view::npos) return;
    line(partial_);
    partial_.clear();
    bytes.remove_prefix(end + 1);
  }
}

void Output::line(std::string_view text) {
  while (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (text.starts_with(k_metric) && metric(text)) return;
  if (shown_lines_ < k_lines && shown_bytes_ + text.size() < k_bytes) return show(text);
  ++left_out_;
  held_back_.emplace_back(text);
  if (held_back_.size() > k_last_lines) held_back_.pop_front();
}

bool Output::metric(std::string_view text) {
  auto words = split(text.substr(k_metric.size()), ' ');
  bool good = words.size() == 3 && is_name(words[0], 64) && is_number(words[1]) && is_name(words[2], 16);
  if (!good || metrics_ >= k_metrics) return false;
  ++metrics_;
  say("metric", {{"step", step_},
                 {"name", std::string(words[0])},
                 {"value", std::string(words[1])},
                 {"unit", std::string(words[2])}});
  return true;
}

void Output::show(std::string_view text) {
  ++shown_lines_;
  shown_bytes_ += text.size();
  say("out", {{"step", step_}, {"text", std::string(text)}});
}

void Output::close() {
  if (!partial_.empty()) line(partial_);
  partial_.clear();
  if (left_out_ > held_back_.size())
    note(step_ + ": " + std::to_string(left_out_ - held_back_.size()) + " lines left out");
  for (const auto& text : held_back_) show(text);
  held_back_.clear();
}

}  // namespace kvguest
