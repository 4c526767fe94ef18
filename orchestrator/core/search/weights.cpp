#include "orchestrator/core/search/weights.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_words = 4;
constexpr std::size_t k_columns = k_words * 64;
using Row = std::array<std::uint64_t, k_words>;

// The members folded into runs. Segments are in topological order; every entry into a segment from above
// is at its top, so that a set of ancestors is a union of whole segments.
struct Segments {
  std::vector<std::uint32_t> length;
  std::vector<std::uint32_t> parent_begin{0};  // row starts, one more than segments
  std::vector<std::uint32_t> parents;
  std::vector<std::uint32_t> of;      // per position: its segment
  std::vector<std::uint32_t> offset;  // per position: from 1 at the segment's bottom

  std::size_t size() const { return length.size(); }
};

std::size_t count_members(std::span<const Position> positions, const std::vector<bool>& member) {
  return static_cast<std::size_t>(
      std::ranges::count_if(positions, [&](Position p) { return member[index_of(p)]; }));
}

// The only member parent of a candidate that may continue its parent's segment, or none.
std::optional<Position> continues(const History& history, const std::vector<bool>& member, Position p) {
  const auto parents = history.parents(p);
  if (count_members(parents, member) != 1) return std::nullopt;
  const auto parent = *std::ranges::find_if(parents, [&](Position q) { return member[index_of(q)]; });
  if (count_members(history.children(parent), member) != 1) return std::nullopt;
  return parent;
}

Segments fold(const History& history, const std::vector<bool>& member) {
  Segments segments;
  segments.of.resize(history.size());
  segments.offset.resize(history.size());
  for (const auto p : history.topological()) {
    if (!member[index_of(p)]) continue;
    if (const auto parent = continues(history, member, p)) {
      const auto segment = segments.of[index_of(*parent)];
      segments.of[index_of(p)] = segment;
      segments.offset[index_of(p)] = ++segments.length[segment];
      continue;
    }
    segments.of[index_of(p)] = static_cast<std::uint32_t>(segments.size());
    segments.offset[index_of(p)] = 1;
    segments.length.push_back(1);
    for (const auto parent : history.parents(p))
      if (member[index_of(parent)]) segments.parents.push_back(segments.of[index_of(parent)]);
    segments.parent_begin.push_back(static_cast<std::uint32_t>(segments.parents.size()));
  }
  return segments;
}

// 256 columns of the ancestor matrix: for each segment from the block's first on, which of the block's
// segments it descends from, and how many commits those are.
class Block {
 public:
  explicit Block(const Segments& segments)
      : segments_(segments), rows_(segments.size()), counts_(segments.size()) {}

  // Adds what the block holds to the totals.
  void add(std::size_t first, std::vector<std::uint32_t>& totals) {
    first_ = first;
    end_ = std::min(first + k_columns, segments_.size());
    slice_lengths();
    for (std::size_t s = first; s < segments_.size(); ++s) {
      place(s);
      totals[s] += counts_[s];
    }
  }

 private:
  // Bit k of the lengths of the block's segments becomes one row, so that a weighted count is a few
  // popcounts.
  void slice_lengths() {
    planes_.clear();
    for (std::size_t s = first_; s < end_; ++s) {
      const auto column = s - first_;
      const auto length = segments_.length[s];
      while (planes_.size() < static_cast<std::size_t>(std::bit_width(length))) planes_.emplace_back();
      for (std::size_t bit = 0; bit < planes_.size(); ++bit)
        if (length >> bit & 1) planes_[bit][column / 64] |= std::uint64_t{1} << column % 64;
    }
  }

  void place(std::size_t s) {
    Row row{};
    std::uint32_t count = 0;
    for (auto i = segments_.parent_begin[s]; i < segments_.parent_begin[s + 1]; ++i)
      if (segments_.parents[i] >= first_) merge(row, count, segments_.parents[i]);
    if (s < end_) {
      row[(s - first_) / 64] |= std::uint64_t{1} << (s - first_) % 64;
      count += segments_.length[s];
    }
    rows_[s] = row;
    counts_[s] = count;
  }

  // Recounts only when both sides bring something.
  void merge(Row& row, std::uint32_t& count, std::uint32_t parent) const {
    const Row& other = rows_[parent];
    Row both;
    for (std::size_t w = 0; w < k_words; ++w) both[w] = row[w] | other[w];
    if (both == row) return;
    count = both == other ? counts_[parent] : weigh(both);
    row = both;
  }

  std::uint32_t weigh(const Row& row) const {
    std::uint32_t sum = 0;
    for (std::size_t bit = 0; bit < planes_.size(); ++bit)
      for (std::size_t w = 0; w < k_words; ++w)
        sum += static_cast<std::uint32_t>(std::popcount(row[w] & planes_[bit][w])) << bit;
    return sum;
  }

  const Segments& segments_;
  std::size_t first_ = 0, end_ = 0;
  std::vector<Row> rows_;
  std::vector<std::uint32_t> counts_;
  std::vector<Row> planes_;
};

}  // namespace

std::vector<std::uint32_t> ancestor_counts(const History& history, const std::vector<bool>& member) {
  KV_CHECK(member.size() == history.size());
  const auto segments = fold(history, member);
  std::vector<std::uint32_t> totals(segments.size());
  Block block(segments);
  for (std::size_t first = 0; first < segments.size(); first += k_columns) block.add(first, totals);

  std::vector<std::uint32_t> counts(history.size());
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (!member[i]) continue;
    const auto segment = segments.of[i];
    counts[i] = totals[segment] - segments.length[segment] + segments.offset[i];
  }
  return counts;
}

}  // namespace kverdict
