#include "orchestrator/core/search/crash_time.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace kverdict {
namespace {

constexpr double k_shapes[] = {.7, 1, 1.5, 2.5};  // Weibull: below 1 early, above 1 late
constexpr double k_scales[] = {.02, .04, .07, .12, .2, .33, .55, .9, 1.6, 4};  // parts of a whole run
constexpr double k_shape_weights[] = {.2, .5, .2, .1};
constexpr double k_earliest = 1. / 256;

// Before normalising to the whole run.
double weibull(double part, double shape, double scale) {
  return -std::expm1(-std::pow(part / scale, shape));
}

// All shapes and scales, their curves normalised to the whole run. The same for ever.
struct Curve {
  double shape, scale, log_prior;
  std::vector<double> reached;  // at i / steps
};

const std::vector<Curve>& curves(std::size_t steps) {
  static const auto k_curves = [steps] {
    std::vector<Curve> all;
    for (std::size_t a = 0; a < std::size(k_shapes); ++a)
      for (const double scale : k_scales) {
        Curve curve{k_shapes[a], scale, std::log(k_shape_weights[a]), {}};
        for (std::size_t i = 0; i <= steps; ++i)
          curve.reached.push_back(
              weibull(static_cast<double>(i) / static_cast<double>(steps), curve.shape, scale) /
              weibull(1, curve.shape, scale));
        all.push_back(std::move(curve));
      }
    return all;
  }();
  return k_curves;
}

// What the likelihood needs of the crashes.
struct Sums {
  double count = 0, logs = 0;
  double powers[std::size(k_shapes)] = {};
  std::map<double, double> untils;  // how many runs were to go on until then

  explicit Sums(std::span<const TimedCrash> crashes) {
    for (const auto& [after, until] : crashes) {
      const double t = std::clamp(after, k_earliest, 1.);
      ++count;
      logs += std::log(t);
      for (std::size_t a = 0; a < std::size(k_shapes); ++a) powers[a] += std::pow(t, k_shapes[a]);
      ++untils[std::clamp(until, k_earliest, 1.)];
    }
  }

  double log_likelihood(std::size_t a, double scale) const {
    const double shape = k_shapes[a];
    double sum = count * std::log(shape) - count * shape * std::log(scale) + (shape - 1) * logs -
                 powers[a] / std::pow(scale, shape);
    for (const auto& [until, n] : untils) sum -= n * std::log(weibull(until, shape, scale));
    return sum;
  }
};

}  // namespace

CrashTime::CrashTime(std::span<const TimedCrash> crashes) : seen_(crashes.size()), reached_(k_steps + 1) {
  constexpr std::size_t k_most = 60;  // more do not tell more
  if (crashes.size() > k_most) crashes = crashes.last(k_most);
  const Sums sums(crashes);
  const auto& all = curves(k_steps);
  std::vector<double> logs;
  for (std::size_t i = 0; i < all.size(); ++i)
    logs.push_back(all[i].log_prior + sums.log_likelihood(i / std::size(k_scales), all[i].scale));
  const double top = *std::ranges::max_element(logs);
  double total = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double weight = std::exp(logs[i] - top);
    if (weight < 1e-4) continue;
    total += weight;
    for (std::size_t at = 0; at <= k_steps; ++at) reached_[at] += weight * all[i].reached[at];
  }
  for (auto& value : reached_) value /= total;
}

double CrashTime::reached(double part) const {
  const double at = std::clamp(part, 0., 1.) * k_steps;
  const auto low = static_cast<std::size_t>(at);
  if (low >= k_steps) return 1;
  return reached_[low] + (at - static_cast<double>(low)) * (reached_[low + 1] - reached_[low]);
}

double CrashTime::mean_until(double part) const {
  const auto last = static_cast<std::size_t>(std::clamp(part, 1. / k_steps, 1.) * k_steps);
  double sum = 0;
  for (std::size_t i = 0; i < last; ++i)
    sum += (reached_[i + 1] - reached_[i]) * (static_cast<double>(i) + .5) / k_steps;
  return reached_[last] > 0 ? sum / reached_[last] : part / 2;
}

}  // namespace kverdict
