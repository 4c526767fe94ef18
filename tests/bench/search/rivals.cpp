#include "tests/bench/search/rivals.hpp"

#include <algorithm>
#include <cmath>

namespace kverdict::bench {
namespace {

constexpr double k_build = 60, k_run = 60, k_crash_after = 20, k_confidence = .99;
constexpr double k_limit = 20'000;  // trials

enum class End { clean, hunted, other };

// Candidates 0 ... size - 1, bad from the culprit on.
class Bench {
 public:
  Bench(const Row& row, unsigned culprit, Chance& chance)
      : row_(row), culprit_(culprit), chance_(chance), built_(row.size) {}

  End run(unsigned candidate) {
    if (!built_[candidate]) tally.seconds += k_build;
    built_[candidate] = true;
    ++tally.trials;
    double ends = k_run;
    End end = End::clean;
    if (chance_.happens(candidate >= culprit_ ? row_.p : row_.q))
      ends = std::min(k_run, chance_.exponential(k_crash_after)), end = End::hunted;
    if (chance_.happens(row_.foreign))
      if (const double other = chance_.even() * k_run; other < ends) ends = other, end = End::other;
    tally.seconds += ends;
    return end;
  }

  Tally tally;

 private:
  const Row& row_;
  unsigned culprit_;
  Chance& chance_;
  std::vector<bool> built_;
};

template <class IsBad>
unsigned halve(unsigned size, const IsBad& is_bad) {
  unsigned low = 0, high = size - 1;  // the culprit is in [low, high]
  while (low < high) {
    const auto middle = low + (high - low - 1) / 2;
    if (is_bad(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

unsigned runs_needed(unsigned size, double p) {
  if (p >= 1) return 1;
  const double steps = std::log2(size);
  // Half of the candidates asked are bad; each must not be missed.
  const double miss = 2 * (1 - std::pow(k_confidence, 1 / steps));
  return std::max(1U, static_cast<unsigned>(std::ceil(std::log(miss) / std::log1p(-p))));
}

Tally repeat(Bench& bench, const Row& row, unsigned culprit, unsigned runs, bool any_crash) {
  const auto found = halve(row.size, [&](unsigned candidate) {
    for (unsigned i = 0; i < runs; ++i) {
      auto end = bench.run(candidate);
      while (end == End::other && !any_crash) end = bench.run(candidate);
      if (end != End::clean) return true;
    }
    return false;
  });
  bench.tally.right = found == culprit;
  return bench.tally;
}

double log_beta(double a, double b) {
  return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
}

double entropy(double p) {
  return p <= 0 || p >= 1 ? 0 : -p * std::log2(p) - (1 - p) * std::log2(1 - p);
}

// 10 % quantile of Beta(a, b), by halving the numerically integrated density.
double cautious_rate(double a, double b) {
  constexpr int k_steps = 4000;
  std::vector<double> sums{0};
  for (int i = 0; i < k_steps; ++i) {
    const double x = (i + .5) / k_steps;
    sums.push_back(sums.back() + std::exp((a - 1) * std::log(x) + (b - 1) * std::log1p(-x)));
  }
  const auto at = std::lower_bound(sums.begin(), sums.end(), .1 * sums.back()) - sums.begin();
  return static_cast<double>(at) / k_steps;
}

}  // namespace

Tally git_with_oracle(const Row& row, unsigned culprit, Chance& chance) {
  Bench bench(row, culprit, chance);
  if (row.q <= 0) return repeat(bench, row, culprit, runs_needed(row.size, row.p), false);
  const double threshold = std::log(std::log2(row.size) / (1 - k_confidence));
  const double failed = std::log(row.p / row.q), passed = std::log((1 - std::min(row.p, .999)) / (1 - row.q));
  const auto found = halve(row.size, [&](unsigned candidate) {
    double odds = 0;
    while (std::abs(odds) < threshold) {
      const auto end = bench.run(candidate);
      if (end != End::other) odds += end == End::hunted ? failed : passed;
    }
    return odds > 0;
  });
  bench.tally.right = found == culprit;
  return bench.tally;
}

Tally estimate_first(const Row& row, unsigned culprit, Chance& chance) {
  Bench bench(row, culprit, chance);
  unsigned failures = 0;
  while (failures < 5 && bench.tally.trials < k_limit)
    if (bench.run(row.size - 1) == End::hunted) ++failures;
  const double rate = cautious_rate(5.5, bench.tally.trials - 5 + .5);
  return repeat(bench, row, culprit, runs_needed(row.size, rate), false);
}

Tally any_of_ten(const Row& row, unsigned culprit, Chance& chance) {
  Bench bench(row, culprit, chance);
  return repeat(bench, row, culprit, 10, true);
}

Tally greedy_entropy(const Row& row, unsigned culprit, Chance& chance) {
  Bench bench(row, culprit, chance);
  std::vector<unsigned> failed(row.size), passed(row.size);
  std::vector<double> mass(row.size), bad_rate(row.size), good_rate(row.size);
  while (bench.tally.trials < k_limit) {
    // Counts below the culprit (good) and from it on (bad).
    double all_failed = 0, all_passed = 0;
    for (unsigned i = 0; i < row.size; ++i) all_failed += failed[i], all_passed += passed[i];
    double good_failed = 0, good_passed = 0, top = -INFINITY;
    for (unsigned c = 0; c < row.size; ++c) {
      const double bf = all_failed - good_failed + .5, bp = all_passed - good_passed + .5;
      const double gf = good_failed + .5, gp = good_passed + .5;
      const bool same = c > 0 && failed[c - 1] + passed[c - 1] == 0;
      mass[c] = same ? mass[c - 1] : log_beta(bf, bp) + log_beta(gf, gp);
      bad_rate[c] = bf / (bf + bp), good_rate[c] = gf / (gf + gp);
      top = std::max(top, mass[c]);
      good_failed += failed[c], good_passed += passed[c];
    }
    double sum = 0;
    for (auto& each : mass) sum += each = std::exp(each - top);
    for (auto& each : mass) each /= sum;
    const auto best = std::max_element(mass.begin(), mass.end());
    if (*best >= k_confidence) {
      bench.tally.right = static_cast<unsigned>(best - mass.begin()) == culprit;
      break;
    }
    // Candidate x is bad when the culprit is x or before.
    double fails = 0, left = 0, most = -1;
    for (unsigned c = 0; c < row.size; ++c)
      fails += mass[c] * good_rate[c], left += mass[c] * entropy(good_rate[c]);
    unsigned ask = 0;
    for (unsigned x = 0; x < row.size; ++x) {
      fails += mass[x] * (bad_rate[x] - good_rate[x]);
      left += mass[x] * (entropy(bad_rate[x]) - entropy(good_rate[x]));
      if (const double bits = entropy(fails) - left; bits > most) most = bits, ask = x;
    }
    const auto end = bench.run(ask);
    if (end != End::other) ++(end == End::hunted ? failed : passed)[ask];
  }
  return bench.tally;
}

}  // namespace kverdict::bench
