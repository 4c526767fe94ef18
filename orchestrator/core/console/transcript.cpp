#include "orchestrator/core/console/transcript.hpp"

#include <array>
#include <cstdio>

namespace kverdict {
namespace {

std::size_t size_of(const TranscriptLine& line) {
  return sizeof(TranscriptLine) + line.text.size() + line.raw.size() + line.caller.size();
}

}  // namespace

std::string on_console(const TranscriptLine& line) {
  if (!line.printk_time) return line.text;
  std::array<char, 64> stamp{};
  const auto micros = static_cast<unsigned long long>(line.printk_time->count());
  std::snprintf(stamp.data(), stamp.size(), "[%5llu.%06llu]", micros / 1'000'000, micros % 1'000'000);
  std::string text = stamp.data();
  if (!line.caller.empty())
    text += "[" + std::string(line.caller.size() < 6 ? 6 - line.caller.size() : 0, ' ') + line.caller + "]";
  return text + " " + line.text;
}

Line TranscriptLine::view() const {
  Line line;
  line.text = text;
  line.raw = raw.empty() ? std::string_view(text) : std::string_view(raw);
  line.caller = caller;
  line.begin = begin;
  line.end = end;
  line.printk_time = printk_time;
  line.sequence = sequence;
  line.level = level;
  line.origin = origin;
  return line;
}

std::uint64_t Transcript::append(const Line& line, ConsoleSource source,
                                 std::chrono::milliseconds host_time) {
  TranscriptLine kept;
  kept.sources = source;
  kept.host_time = host_time;
  kept.text.assign(line.text);
  if (line.raw != line.text) kept.raw.assign(line.raw);
  kept.caller.assign(line.caller);
  kept.printk_time = line.printk_time;
  kept.sequence = line.sequence;
  kept.level = line.level;
  kept.origin = line.origin;
  kept.begin = line.begin;
  kept.end = line.end;
  return append(std::move(kept));
}

std::uint64_t Transcript::append(TranscriptLine kept) {
  kept.number = seen_++;
  const auto size = size_of(kept);
  head_full_ = head_full_ || head_size_ + size > limits_.head_bytes;
  if (!head_full_) {
    head_size_ += size;
    head_.push_back(std::move(kept));
    return seen_ - 1;
  }
  tail_size_ += size;
  tail_.push_back(std::move(kept));
  while (tail_.size() > 1 && tail_size_ > limits_.tail_bytes) {
    tail_size_ -= size_of(tail_.front());
    tail_.pop_front();
    ++left_out_;
  }
  return seen_ - 1;
}

void Transcript::leave_out(std::uint64_t count) {
  if (count == 0) return;
  head_full_ = true;
  left_out_ += count + tail_.size();
  seen_ += count;
  tail_.clear();
  tail_size_ = 0;
}

const TranscriptLine* Transcript::find(std::uint64_t number) const {
  if (number < head_.size()) return &head_[number];
  const auto first = head_.size() + left_out_;
  if (number < first || number - first >= tail_.size()) return nullptr;
  return &tail_[number - first];
}

}  // namespace kverdict
