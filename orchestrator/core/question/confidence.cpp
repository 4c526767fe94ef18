#include "orchestrator/core/question/confidence.hpp"

#include <cmath>
#include <numeric>
#include <string>
#include <unordered_map>

namespace kverdict {
namespace {

struct Rates {
  double p, q, weight;
};

// p: 15 % on "always", the rest even over a grid that is even in log p below 0.4.
// q: an oops of the same name for another reason is rare; a per cent happens.
std::vector<Rates> rate_grid() {
  constexpr double k_p[] = {1,   .97,  .9,  .8,   .7,   .6,   .5,   .4,   .32, .25,
                            .19, .145, .11, .083, .062, .046, .034, .025, .018};
  constexpr double k_q[][2] = {{2e-4, .55}, {3e-3, .25}, {.012, .15}, {.04, .05}};
  std::vector<Rates> grid;
  for (const double p : k_p)
    for (const auto& [q, weight] : k_q)
      if (q < 0.7 * p) grid.push_back({p, q, weight * (p == 1 ? .15 : .85 / (std::size(k_p) - 1))});
  return grid;
}

struct Runs {
  unsigned bad, good;
};

// Log likelihood of the runs when each fails with probability `rate`.
double log_likelihood(Runs runs, double rate) {
  if (runs.good > 0 && rate >= 1) return -INFINITY;
  return (runs.bad > 0 ? runs.bad * std::log(rate) : 0) + (runs.good > 0 ? runs.good * std::log1p(-rate) : 0);
}

struct Tested {
  Runs runs;
  std::vector<bool> ancestors;  // of the tested candidate, by position
};

// The kernels outside the history are good whoever the culprit is.
void add_runs(const Range& range, const Evidence& evidence, std::vector<Tested>& tested, Runs& outside) {
  for (const auto& [id, standing] : evidence.standings) {
    if (standing.bad + standing.good == 0) continue;
    const Runs runs{standing.bad, standing.good};
    if (const auto at = range.history.find(id))
      tested.push_back({runs, range.history.ancestors(*at)});
    else
      outside.bad += runs.bad, outside.good += runs.good;
  }
}

// Candidates below the same tested kernels cannot be told apart: one likelihood for all of them.
std::string class_of(std::size_t candidate, const std::vector<Tested>& tested) {
  std::string key(tested.size(), '0');
  for (std::size_t i = 0; i < tested.size(); ++i)
    if (tested[i].ancestors[candidate]) key[i] = '1';
  return key;
}

double class_log_likelihood(const std::string& key, const std::vector<Tested>& tested, Runs outside) {
  static const auto k_grid = rate_grid();
  std::vector<double> terms;
  double top = -INFINITY;
  for (const auto& rates : k_grid) {
    double sum = std::log(rates.weight) + log_likelihood(outside, rates.q);
    for (std::size_t i = 0; i < tested.size(); ++i)
      sum += log_likelihood(tested[i].runs, key[i] == '1' ? rates.p : rates.q);
    terms.push_back(sum);
    top = std::max(top, sum);
  }
  double total = 0;
  for (const double term : terms) total += std::exp(term - top);
  return top + std::log(total);
}

}  // namespace

std::vector<double> culprit_posterior(const Range& range, const Evidence& evidence) {
  std::vector<Tested> tested;
  Runs outside{0, 0};
  add_runs(range, evidence, tested, outside);
  std::unordered_map<std::string, double> known;
  std::vector<double> posterior(range.history.size());
  double top = -INFINITY;
  for (std::size_t c = 0; c < posterior.size(); ++c) {
    const auto key = class_of(c, tested);
    auto found = known.find(key);
    if (found == known.end()) found = known.emplace(key, class_log_likelihood(key, tested, outside)).first;
    posterior[c] = found->second;
    top = std::max(top, posterior[c]);
  }
  for (auto& value : posterior) value = std::exp(value - top);
  const double total = std::accumulate(posterior.begin(), posterior.end(), 0.0);
  for (auto& value : posterior) value /= total;
  return posterior;
}

}  // namespace kverdict
