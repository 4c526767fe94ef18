#include "runners/netconsole/assembly.hpp"

#include <algorithm>
#include <functional>

namespace kverdict {
namespace {

constexpr std::size_t k_longest_datagram = 8 << 10;  // kernels send 1000 bytes, with a header before them
constexpr std::size_t k_most_partials = 16;
constexpr std::string_view k_banner = "Linux version ";
constexpr std::string_view k_line_feed = "\\x0a";
constexpr unsigned k_another_boot = 3;

void add_line(std::string& lines, const NetFrame& frame, std::string_view text) {
  lines += std::to_string(frame.level) + ',' + std::to_string(frame.sequence) + ',' +
           std::to_string(frame.microseconds) + (frame.continues ? ",c" : ",-");
  if (!frame.caller.empty()) {
    lines += ",caller=";
    lines += frame.caller;
  }
  lines += ';';
  lines += text;
  lines += '\n';
}

}  // namespace

SequenceLedger::Entry SequenceLedger::enter(std::uint64_t sequence, std::uint64_t print) {
  if (!newest_) first_ = newest_ = sequence;
  if (sequence <= *newest_ && came_ != 0) return enter_again(sequence, print);
  if (sequence - *newest_ > k_longest_gap) {
    // A forged number must not move the window; a kernel that was not heard for long goes on from here.
    const bool goes_on = doubtful_ && sequence > *doubtful_ && sequence - *doubtful_ < k_window;
    doubtful_ = sequence;
    if (!goes_on) return Entry::other_boot;
    skipped_ += sequence - *newest_;
    first_ = *first_ + (sequence - *newest_);
  }
  newest_ = sequence;
  slot(sequence) = {sequence, print};
  ++came_;
  return Entry::fresh;
}

SequenceLedger::Entry SequenceLedger::enter_again(std::uint64_t sequence, std::uint64_t print) {
  if (*newest_ - sequence >= k_window || sequence < *first_) return Entry::other_boot;
  Slot& known = slot(sequence);
  if (known.sequence == sequence) return known.print == print ? Entry::duplicate : Entry::other_boot;
  known = {sequence, print};
  ++came_;
  ++late_;
  return Entry::fresh;
}

std::uint64_t SequenceLedger::lost() const {
  return newest_ ? skipped_ + (*newest_ - *first_ + 1) - came_ : 0;
}

void NetAssembly::take(std::string_view datagram, std::string& lines) {
  ++counts_.datagrams;
  if (datagram.size() > k_longest_datagram) {
    ++counts_.too_large;
    return;
  }
  const auto frame = parse_frame(datagram);
  if (!frame) {
    ++counts_.plain;
    lines += datagram;
    return;
  }
  if (frame->fragment)
    take_fragment(*frame, lines);
  else
    take_record(*frame, frame->body, lines);
}

void NetAssembly::take_fragment(const NetFrame& frame, std::string& lines) {
  if (frame.sequence == last_whole_) {
    ++counts_.duplicates;
    return;
  }
  Partial& partial = partial_of(frame);
  if (partial.body.size() != frame.fragment->total) {
    ++counts_.broken_fragments;
    return;
  }
  for (std::size_t i = 0; i < frame.body.size(); ++i) {
    const auto at = frame.fragment->offset + i;
    if (partial.filled[at]) continue;
    partial.filled[at] = true;
    partial.body[at] = frame.body[i];
    --partial.missing;
  }
  if (partial.missing != 0) return;
  const auto body = std::move(partial.body);
  std::erase_if(partials_, [&](const Partial& p) { return p.sequence == frame.sequence; });
  last_whole_ = frame.sequence;
  take_record(frame, body, lines);
}

NetAssembly::Partial& NetAssembly::partial_of(const NetFrame& frame) {
  const auto found = std::find_if(partials_.begin(), partials_.end(),
                                  [&](const Partial& p) { return p.sequence == frame.sequence; });
  if (found != partials_.end()) return *found;
  if (partials_.size() == k_most_partials) {
    partials_.pop_front();
    ++counts_.broken_fragments;
  }
  const auto total = frame.fragment->total;
  return partials_.emplace_back(
      Partial{frame.sequence, std::string(total, ' '), std::vector<bool>(total), total});
}

void NetAssembly::take_record(const NetFrame& frame, std::string_view body, std::string& lines) {
  auto message = message_of(body);
  if (!belongs(frame, message)) return;
  ++counts_.records;
  for (auto end = message.find(k_line_feed); end != std::string_view::npos; end = message.find(k_line_feed)) {
    add_line(lines, frame, message.substr(0, end));
    message.remove_prefix(end + k_line_feed.size());
  }
  add_line(lines, frame, message);
}

// A record of an earlier boot may be under way when this one is ordered; a later boot is a reset, and what it
// says is not of this one.
bool NetAssembly::belongs(const NetFrame& frame, std::string_view message) {
  const bool banner = message.starts_with(k_banner);
  if (banner && !began_) ledger_ = SequenceLedger(), strange_ = 0;
  if (strange_ >= k_another_boot) {
    ++counts_.other_boot;
    return false;
  }
  const auto print = std::hash<std::string_view>()(message) ^ (frame.microseconds * 0x9e3779b97f4a7c15);
  const auto entry = ledger_.enter(frame.sequence, print);
  began_ = began_ || (banner && entry == SequenceLedger::Entry::fresh);
  strange_ = entry == SequenceLedger::Entry::other_boot ? strange_ + 1 : 0;
  counts_.duplicates += entry == SequenceLedger::Entry::duplicate ? 1 : 0;
  counts_.other_boot += entry == SequenceLedger::Entry::other_boot ? 1 : 0;
  return entry == SequenceLedger::Entry::fresh;
}

NetconsoleCounts NetAssembly::counts() const {
  auto counts = counts_;
  counts.lost = ledger_.lost();
  counts.late = ledger_.late();
  counts.broken_fragments += partials_.size();
  return counts;
}

}  // namespace kverdict
