#include "workloads/churn/histogram.hpp"

#include <bit>

namespace kvguest {

// Values below 16 have a bucket each; above, the four bits behind the leading one select the bucket.
unsigned Histogram::bucket_of(std::uint64_t value) {
  if (value < k_sub) return static_cast<unsigned>(value);
  unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - k_sub_bits;
  return (shift + 1) * k_sub + static_cast<unsigned>((value >> shift) - k_sub);
}

std::uint64_t Histogram::upper_edge(unsigned bucket) {
  if (bucket < k_sub) return bucket;
  unsigned shift = bucket / k_sub - 1;
  std::uint64_t low = static_cast<std::uint64_t>(k_sub + bucket % k_sub) << shift;
  return low + ((std::uint64_t{1} << shift) - 1);
}

void Histogram::add(std::uint64_t microseconds) {
  ++buckets_[bucket_of(microseconds)];
  ++count_;
  if (microseconds > max_) max_ = microseconds;
}

std::uint64_t Histogram::percentile(double part) const {
  if (count_ == 0) return 0;
  auto rank = static_cast<std::uint64_t>(part * static_cast<double>(count_));
  if (rank >= count_) rank = count_ - 1;
  std::uint64_t seen = 0;
  for (unsigned bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen > rank) return upper_edge(bucket) < max_ ? upper_edge(bucket) : max_;
  }
  return max_;
}

}  // namespace kvguest
