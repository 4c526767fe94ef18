// Latencies in microseconds, in buckets that are one sixteenth of their power of two wide: every percentile
// is right to 6.25 %, the maximum exactly.
#pragma once

#include <array>
#include <cstdint>

namespace kvguest {

class Histogram {
 public:
  void add(std::uint64_t microseconds);
  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  // The upper edge of the bucket that holds the value at `part` (0..1) of all; never above max(); 0 if empty.
  std::uint64_t percentile(double part) const;

 private:
  static constexpr unsigned k_sub_bits = 4, k_sub = 1u << k_sub_bits;
  static unsigned bucket_of(std::uint64_t value);
  static std::uint64_t upper_edge(unsigned bucket);

  std::array<std::uint64_t, (64 - k_sub_bits + 1) * k_sub> buckets_{};
  std::uint64_t count_ = 0, max_ = 0;
};

}  // namespace kvguest
