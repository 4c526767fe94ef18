#include "orchestrator/core/search/rates.hpp"

#include <algorithm>
#include <cmath>

namespace kverdict {
namespace {

constexpr double k_p[] = {1,   .97,  .9,  .8,   .7,   .6,   .5,   .4,   .32, .25,
                          .19, .145, .11, .083, .062, .046, .034, .025, .018};
// Between the values of p, and below them: where the rates of builds may lie.
constexpr double k_between[] = {.001, .004, .008, .012, .055, .072, .096, .127, .167, .22,
                                .285, .36,  .45,  .55,  .65,  .75,  .85,  .94,  .985};
constexpr double k_always = 0.15;  // the bug shows in every run

// How builds differ: p of a build is Beta(count * p, count * (1 - p)). The count is for p of 0.3 and more;
// the rate of a rarer bug differs by the same part of itself.
struct Spread {
  double count, weight;
};
constexpr double k_absolute_from = 0.3;
constexpr Spread k_spreads[] = {{0, .5}, {24, .5}};

// The count that gives p the same relative spread.
double relative(double count, double p) {
  if (count <= 0) return 0;
  const double variance = (1 - k_absolute_from) / k_absolute_from / (count + 1);
  return (1 - p) / p / variance - 1;
}

// Mass of Beta(a, b) in [low, high], up to a factor; substituting x = exp(u) tames the pole at 0.
double beta_mass(double a, double b, double low, double high) {
  constexpr int k_steps = 24;
  const double from = std::log(std::max(low, 1e-9)), to = std::log(high);
  double sum = 0;
  for (int i = 0; i < k_steps; ++i) {
    const double x = std::exp(from + (to - from) * (i + .5) / k_steps);
    sum += std::exp(a * std::log(x) + (b - 1) * std::log1p(-std::min(x, 1 - 1e-9)));
  }
  return sum * (to - from) / k_steps;
}

}  // namespace

RateGrid::RateGrid(RateKind kind) {
  support_.assign(std::begin(k_p), std::end(k_p));
  support_.insert(support_.end(), std::begin(k_between), std::end(k_between));
  std::ranges::sort(support_);
  for (const double p : k_p) {
    const double weight = p == 1 ? k_always : (1 - k_always) / (std::size(k_p) - 1);
    if (p == 1) add_row(p, 0, weight);
    for (const auto& [count, share] : k_spreads)
      if (p < 1) add_row(p, p < k_absolute_from ? relative(count, p) : count, weight * share);
  }
  if (kind == RateKind::never_before) {
    floors_ = {{2e-4, .55}, {3e-3, .25}, {.012, .15}, {.04, .05}};
    weigh(.7);
    return;
  }
  for (const double q : {.001, .01, .025, .05, .083, .125, .18, .25, .35, .47, .6, .75})
    floors_.push_back({q, 1. / 12});
  weigh(.75);
}

void RateGrid::add_row(double p, double spread, double weight) {
  const auto at = static_cast<std::size_t>(std::ranges::lower_bound(support_, p) - support_.begin());
  Row row{p, weight, at, at + 1, {1}};
  if (spread > 0) {
    row = {p, weight, 0, support_.size(), {}};
    double sum = 0;
    for (std::size_t s = 0; s < support_.size(); ++s) {
      const double low = s == 0 ? 0 : (support_[s - 1] + support_[s]) / 2;
      const double high = s + 1 == support_.size() ? 1 : (support_[s] + support_[s + 1]) / 2;
      row.share.push_back(beta_mass(spread * p, spread * (1 - p), low, high));
      sum += row.share.back();
    }
    for (auto& share : row.share) share /= sum;
  }
  rows_.push_back(std::move(row));
}

void RateGrid::weigh(double closest) {
  double sum = 0;
  for (const auto& row : rows_)
    for (const auto& floor : floors_) {
      weights_.push_back(floor.q < closest * row.p ? row.weight * floor.weight : 0);
      sum += weights_.back();
    }
  for (auto& weight : weights_) weight /= sum;
}

const RateGrid& rate_grid(RateKind kind) {
  static const RateGrid k_never(RateKind::never_before), k_any(RateKind::any_change);
  return kind == RateKind::never_before ? k_never : k_any;
}

}  // namespace kverdict
