#include "orchestrator/core/question/doubt.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace kverdict {
namespace {

constexpr double k_surprising = 1e-3;
constexpr double k_ends_doubted = 0.1;
constexpr std::size_t k_most = 5;  // sentences of one kind

std::string chance_text(double chance) {
  char text[32];
  std::snprintf(text, sizeof text, chance < 1e-4 ? "%.0e" : "%.4f", chance);
  return text;
}

std::size_t failures(const std::vector<Shot>& shots) {
  return static_cast<std::size_t>(std::ranges::count_if(shots, &Shot::failed));
}

double mean_reached(const std::vector<Shot>& shots) {
  double sum = 0;
  for (const auto& shot : shots) sum += shot.failed ? 1 : shot.reached;
  return shots.empty() ? 1 : sum / static_cast<double>(shots.size());
}

// Adds weight times the binomial distribution.
void add_binomial(std::vector<double>& distribution, double rate, double weight) {
  const auto n = distribution.size() - 1;
  for (std::size_t k = 0; k <= n; ++k) {
    const double failed = static_cast<double>(k), passed = static_cast<double>(n - k);
    if ((rate <= 0 && k > 0) || (rate >= 1 && k < n)) continue;
    double log = std::lgamma(failed + passed + 1) - std::lgamma(failed + 1) - std::lgamma(passed + 1);
    if (k > 0) log += failed * std::log(rate);
    if (k < n) log += passed * std::log1p(-rate);
    distribution[k] += weight * std::exp(log);
  }
}

// All counts that are as unlikely as the one that was seen, or more.
double surprise(const std::vector<double>& distribution, std::size_t seen) {
  double sum = 0;
  for (const double each : distribution)
    if (each <= distribution[seen] * (1 + 1e-9)) sum += each;
  return sum;
}

// How many of its runs fail, foretold by all others.
std::vector<double> foretell(const Belief& belief, std::size_t i) {
  auto others = belief.tried();
  const double reached = mean_reached(others[i].shots);
  std::vector<double> distribution(others[i].shots.size() + 1);
  others[i].shots.clear();
  const auto posterior = belief.posterior(std::move(others));
  const auto& grid = posterior.grid();
  std::vector<double> rates(grid.support().size()), floors(grid.floors().size());
  for (const auto& each : posterior.classes()) {
    if (each.bad[i])
      for (std::size_t r = 0; r < grid.rows().size(); ++r) {
        const auto& row = grid.rows()[r];
        for (auto s = row.begin; s < row.end; ++s)
          rates[s] += each.mass * each.rows[r] * row.share[s - row.begin];
      }
    else
      for (std::size_t q = 0; q < floors.size(); ++q) floors[q] += each.mass * each.floors[q];
  }
  for (std::size_t s = 0; s < rates.size(); ++s)
    add_binomial(distribution, grid.support()[s] * reached, rates[s]);
  for (std::size_t q = 0; q < floors.size(); ++q)
    add_binomial(distribution, grid.floors()[q].q * reached, floors[q]);
  return distribution;
}

struct Surprise {
  double chance;
  std::string text;
};

void take_worst(std::vector<Surprise>& surprises, std::vector<std::string>& sentences) {
  std::ranges::stable_sort(surprises, {}, &Surprise::chance);
  for (std::size_t i = 0; i < std::min(k_most, surprises.size()); ++i) sentences.push_back(surprises[i].text);
}

std::string of_runs(std::size_t failed, std::size_t all) {
  return "failed in " + std::to_string(failed) + " of " + std::to_string(all) + (all == 1 ? " run" : " runs");
}

void doubt_candidates(const Belief& belief, std::vector<std::string>& sentences) {
  std::vector<Surprise> surprises;
  for (std::size_t i = 0; i < belief.tried().size(); ++i) {
    const auto& tried = belief.tried()[i];
    if (tried.shots.size() < 2 || tried.word) continue;
    const auto failed = failures(tried.shots);
    const double chance = surprise(foretell(belief, i), failed);
    if (chance >= k_surprising) continue;
    surprises.push_back(
        {chance, short_id(belief.ids()[i]) + " " + of_runs(failed, tried.shots.size()) +
                     ", which all other runs foretell with a chance of " + chance_text(chance) +
                     ": the bug may have come, gone and come again, or its build is unlike the others"});
  }
  take_worst(surprises, sentences);
}

struct MachineRuns {
  std::vector<double> fail;  // foretold chance of each run
  std::size_t failed = 0;
};

// How many of these independent runs fail.
std::vector<double> count_distribution(const std::vector<double>& chances) {
  std::vector<double> distribution{1};
  for (const double chance : chances) {
    distribution.push_back(0);
    for (auto k = distribution.size() - 1; k > 0; --k)
      distribution[k] = distribution[k] * (1 - chance) + distribution[k - 1] * chance;
    distribution[0] *= 1 - chance;
  }
  return distribution;
}

double fails(const Posterior& posterior, std::size_t tried) {
  double sum = 0;
  for (const auto& each : posterior.classes())
    if (each.bad[tried])
      for (std::size_t r = 0; r < each.rows.size(); ++r)
        sum += each.mass * each.rows[r] * posterior.grid().rows()[r].p;
    else
      for (std::size_t q = 0; q < each.floors.size(); ++q)
        sum += each.mass * each.floors[q] * posterior.grid().floors()[q].q;
  return sum;
}

void doubt_machines(const Belief& belief, const Posterior& now, std::vector<std::string>& sentences) {
  std::map<std::string, MachineRuns> machines;
  for (std::size_t i = 0; i < belief.ids().size(); ++i) {
    const double chance = fails(now, i);
    for (const auto& run : belief.question().evidence.of(belief.ids()[i]).record) {
      auto& machine = machines[run.machine];
      const bool failed = run.kind == Run::Kind::failed;
      machine.fail.push_back(failed ? chance : chance * belief.reached(run));
      machine.failed += failed;
    }
  }
  if (machines.size() < 2) return;
  std::vector<Surprise> surprises;
  for (const auto& [name, runs] : machines) {
    const double chance = surprise(count_distribution(runs.fail), runs.failed);
    if (chance >= k_surprising / static_cast<double>(machines.size())) continue;
    double expected = 0;
    for (const double each : runs.fail) expected += each;
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", expected);
    surprises.push_back({chance, "machine " + name + ": its kernels " +
                                     of_runs(runs.failed, runs.fail.size()) + " where " + text +
                                     " were to be expected (chance " + chance_text(chance) +
                                     "): the machine, not the kernel, may decide there"});
  }
  take_worst(surprises, sentences);
}

}  // namespace

std::vector<std::string> doubts(const Belief& belief) {
  std::vector<std::string> sentences;
  const auto now = belief.now();
  if (now.nowhere() > k_ends_doubted)
    sentences.push_back("that none of the candidates is the culprit has a chance of " +
                        chance_text(now.nowhere()) + ": an end may not be what it is said to be");
  doubt_candidates(belief, sentences);
  doubt_machines(belief, now, sentences);
  return sentences;
}

}  // namespace kverdict
