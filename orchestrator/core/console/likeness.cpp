#include "orchestrator/core/console/likeness.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace kverdict {
namespace {

constexpr std::size_t k_read = 256;
constexpr std::size_t k_buckets = 1024;

std::size_t bucket(char a, char b) {
  return (static_cast<unsigned char>(a) * 31U + static_cast<unsigned char>(b) * 7U) % k_buckets;
}

}  // namespace

double likeness(std::string_view a, std::string_view b) {
  a = a.substr(0, k_read);
  b = b.substr(0, k_read);
  if (a.size() < 2 || b.size() < 2) return 0;
  std::array<std::int16_t, k_buckets> pairs{};
  for (std::size_t i = 1; i < a.size(); ++i) ++pairs[bucket(a[i - 1], a[i])];
  std::size_t common = 0;
  for (std::size_t i = 1; i < b.size(); ++i) common += pairs[bucket(b[i - 1], b[i])]-- > 0 ? 1 : 0;
  return 2.0 * static_cast<double>(common) / static_cast<double>(a.size() + b.size() - 2);
}

}  // namespace kverdict
