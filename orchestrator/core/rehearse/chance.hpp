// Chance: random numbers that are the same everywhere for the same seed.
#pragma once

#include <cmath>
#include <cstdint>

namespace kverdict {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(mix(seed + 0x9e3779b97f4a7c15ULL)) {}

  double even() {  // in [0, 1)
    state_ += 0x9e3779b97f4a7c15ULL;
    return static_cast<double>(mix(state_) >> 11) * 0x1p-53;
  }
  bool happens(double probability) { return even() < probability; }
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(even() * limit); }
  double exponential(double mean) { return -mean * std::log1p(-even()); }
  double normal() { return std::sqrt(2 * exponential(1)) * std::cos(6.283185307179586 * even()); }
  // Marsaglia and Tsang's method.
  double gamma(double shape) {
    if (shape < 1) return gamma(shape + 1) * std::pow(even(), 1 / shape);
    const double d = shape - 1. / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal(), v = std::pow(1 + c * x, 3);
      if (v > 0 && std::log(1 - even()) < .5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
  }
  double beta(double a, double b) {
    const double x = gamma(a), y = gamma(b);
    return x + y > 0 ? x / (x + y) : 0;
  }

 private:
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  }
  std::uint64_t state_;
};

}  // namespace kverdict
