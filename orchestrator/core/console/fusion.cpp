#include "orchestrator/core/console/fusion.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "orchestrator/core/console/likeness.hpp"

namespace kverdict {
namespace {

using Lines = std::vector<TranscriptLine>;

constexpr std::size_t k_far = 200;  // lines, when only the text says that two are one
constexpr std::size_t k_near = 16;  // records among which the origin of a damaged line is looked for
constexpr double k_alike = 0.6;
constexpr double k_very_alike = 0.9;  // neighbours that both exist often are alike
constexpr double k_same_time = 0.3;   // counts as so much likeness

// The kept halves of a transcript are fused one by one.
Lines head_of(const Transcript& transcript) {
  return transcript.head();
}
Lines tail_of(const Transcript& transcript) {
  return {transcript.tail().begin(), transcript.tail().end()};
}

bool is_numbered(const Lines& lines) {
  return !lines.empty() && std::all_of(lines.begin(), lines.end(),
                                       [](const TranscriptLine& l) { return l.sequence.has_value(); });
}

// Datagrams may overtake each other.
void sort_by_number(Lines& lines) {
  const auto before = [](const TranscriptLine& a, const TranscriptLine& b) {
    return a.sequence < b.sequence;
  };
  if (is_numbered(lines)) std::stable_sort(lines.begin(), lines.end(), before);
}

Lines unite_by_number(Lines a, Lines b) {
  Lines all;
  all.reserve(std::max(a.size(), b.size()));
  std::size_t i = 0, k = 0;
  while (i < a.size() || k < b.size()) {
    if (k == b.size() || (i < a.size() && *a[i].sequence < *b[k].sequence)) {
      all.push_back(std::move(a[i++]));
    } else if (i == a.size() || *b[k].sequence < *a[i].sequence) {
      all.push_back(std::move(b[k++]));
    } else {  // a record of several lines has its number on each
      const auto number = *a[i].sequence;
      const auto sources = b[k].sources;
      for (; i < a.size() && *a[i].sequence == number; ++i) {
        all.push_back(std::move(a[i]));
        all.back().sources.add(sources);
      }
      while (k < b.size() && *b[k].sequence == number) ++k;
    }
  }
  return all;
}

// Marks jumps in the numbers; numbers that were left out on purpose are no jump.
void mark_gaps(Lines& records, const std::vector<std::uint64_t>& left_out) {
  if (!is_numbered(records)) return;
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto before = *records[i - 1].sequence, here = *records[i].sequence;
    if (here <= before + 1) continue;
    const auto first = std::upper_bound(left_out.begin(), left_out.end(), before);
    const auto known = static_cast<std::uint64_t>(std::lower_bound(first, left_out.end(), here) - first);
    records[i].missing_before = here - before - 1 - std::min(known, here - before - 1);
  }
}

// Merges what serial said into the kernel's records.
class Alignment {
 public:
  Alignment(Lines serial, Lines records, FusionCounts& counts)
      : serial_(std::move(serial)), records_(std::move(records)), counts_(counts) {
    for (std::size_t i = 0; i < records_.size(); ++i) {
      places_[key(records_[i], true)].push_back(i);
      places_[key(records_[i], false)].push_back(i);
    }
  }

  Lines merge() {
    std::size_t from = 0;
    for (std::size_t i = 0; i < serial_.size(); ++i) {
      const auto same = find(serial_[i]);
      if (!same) continue;
      merge_between(from, i, *same);
      auto& record = records_[*same];
      ++counts_.both;
      record.sources.add(serial_[i].sources);
      record.host_time = std::min(record.host_time, serial_[i].host_time);
      record.begin = serial_[i].begin;
      record.end = serial_[i].end;
      take_record(record);
      next_ = *same + 1;
      from = i + 1;
    }
    merge_between(from, serial_.size(), records_.size());
    return std::move(all_);
  }

 private:
  static std::size_t key(const TranscriptLine& line, bool timed) {
    const auto text = std::hash<std::string_view>()(line.text);
    const auto time = timed && line.printk_time ? line.printk_time->count() + 1 : 0;
    return text ^ (static_cast<std::size_t>(time) * 0x9e3779b97f4a7c15);
  }

  // The next record that is this line.
  std::optional<std::size_t> find(const TranscriptLine& line) const {
    const bool timed = line.printk_time.has_value();
    const auto found = places_.find(key(line, timed));
    if (found == places_.end()) return std::nullopt;
    const auto& at = found->second;
    const auto place = std::lower_bound(at.begin(), at.end(), next_);
    if (place == at.end() || (!timed && (*place - next_ > k_far || line.text.empty()))) return std::nullopt;
    const auto& record = records_[*place];
    const bool same = record.text == line.text && (!timed || record.printk_time == line.printk_time);
    return same ? std::optional(*place) : std::nullopt;
  }

  // Serial lines [from, to) and records [next_, end) have nothing in common.
  void merge_between(std::size_t from, std::size_t to, std::size_t end) {
    std::size_t looked = next_;
    const bool lost = may_have_lost(next_, end);
    for (std::size_t i = from; i < to; ++i) {
      auto& line = serial_[i];
      if (const auto origin = origin_of(line, looked, end, lost)) {
        ++counts_.torn;
        records_[*origin].host_time = std::min(records_[*origin].host_time, line.host_time);
        looked = *origin + 1;
        continue;
      }
      // A record that a damaged line stood for is older than what serial said after that line.
      while (next_ < end && (next_ < looked || is_before(records_[next_], line))) take_restored();
      take_serial(std::move(line));
    }
    while (next_ < end) take_restored();
  }

  // May a record that belongs between these be missing? Then a line of serial may be that one.
  bool may_have_lost(std::size_t from, std::size_t end) const {
    if (end == records_.size()) return true;
    return std::any_of(
        records_.begin() + static_cast<std::ptrdiff_t>(from),
        records_.begin() + static_cast<std::ptrdiff_t>(end) + 1,
        [](const TranscriptLine& record) { return record.missing_before != 0 || !record.sequence; });
  }

  std::optional<std::size_t> origin_of(const TranscriptLine& line, std::size_t from, std::size_t end,
                                       bool may_be_lost) const {
    std::optional<std::size_t> best;
    double most = k_alike;
    for (std::size_t i = from; i < end && i < from + k_near; ++i) {
      const bool same_time = line.printk_time && line.printk_time == records_[i].printk_time;
      // Where the stamp is damaged it is part of the text.
      const double alike = line.printk_time ? likeness(line.text, records_[i].text)
                                            : likeness(line.text, on_console(records_[i]));
      const double score = alike + (same_time ? k_same_time : 0);
      if (may_be_lost && line.printk_time && !same_time && score < k_very_alike) continue;
      if (score > most) most = score, best = i;
    }
    return best;
  }

  static bool is_before(const TranscriptLine& record, const TranscriptLine& line) {
    return line.printk_time && record.printk_time && *record.printk_time <= *line.printk_time;
  }

  void take_restored() {
    ++counts_.restored;
    take_record(records_[next_++]);
  }

  void take_record(TranscriptLine& record) {
    record.missing_before -= std::min(record.missing_before, filled_);
    counts_.missing += record.missing_before;
    filled_ = 0;
    all_.push_back(std::move(record));
  }

  void take_serial(TranscriptLine line) {
    if (line.printk_time) ++filled_;
    all_.push_back(std::move(line));
  }

  Lines serial_, records_, all_;
  FusionCounts& counts_;
  std::unordered_map<std::size_t, std::vector<std::size_t>> places_;
  std::size_t next_ = 0;      // record to come
  std::uint64_t filled_ = 0;  // kernel lines of serial alone since the last record
};

Lines fuse_halves(Lines serial, Lines network, Lines memory, const std::vector<std::uint64_t>& left_out,
                  FusionCounts& counts) {
  sort_by_number(network);
  sort_by_number(memory);
  const bool numbered = (network.empty() || is_numbered(network)) && (memory.empty() || is_numbered(memory));
  Lines records;
  if (numbered) {
    records = unite_by_number(std::move(network), std::move(memory));
    mark_gaps(records, left_out);
  } else {  // an old kernel's plain netconsole
    FusionCounts among_records;
    mark_gaps(memory, left_out);
    records = Alignment(std::move(network), std::move(memory), among_records).merge();
  }
  if (serial.empty() || records.empty()) {
    for (const auto& record : records) counts.missing += record.missing_before;
    counts.restored += records.size();
    return records.empty() ? serial : records;
  }
  return Alignment(std::move(serial), std::move(records), counts).merge();
}

// What came late belongs where it stands.
void order_times(Lines& lines) {
  for (std::size_t i = lines.size(); i-- > 1;)
    lines[i - 1].host_time = std::min(lines[i - 1].host_time, lines[i].host_time);
}

}  // namespace

Fusion fuse(ChannelLines channels) {
  Fusion fusion;
  auto& [serial, netconsole, memory, left_out] = channels;
  if (netconsole.lines_seen() + memory.lines_seen() == 0) {
    fusion.transcript = std::move(serial);
    return fusion;
  }
  std::sort(left_out.begin(), left_out.end());
  left_out.erase(std::unique(left_out.begin(), left_out.end()), left_out.end());
  auto head = fuse_halves(head_of(serial), head_of(netconsole), head_of(memory), left_out, fusion.counts);
  auto tail = fuse_halves(tail_of(serial), tail_of(netconsole), tail_of(memory), left_out, fusion.counts);
  auto& kept = tail.empty() ? head : tail;
  order_times(kept);
  if (!tail.empty() && !head.empty()) order_times(head);
  for (auto& line : head) fusion.transcript.append(std::move(line));
  fusion.transcript.leave_out(
      std::max({serial.lines_left_out(), netconsole.lines_left_out(), memory.lines_left_out()}));
  for (auto& line : tail) fusion.transcript.append(std::move(line));
  return fusion;
}

}  // namespace kverdict
