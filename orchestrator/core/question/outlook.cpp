#include "orchestrator/core/question/outlook.hpp"

#include <algorithm>
#include <cmath>

#include "orchestrator/core/question/belief.hpp"
#include "orchestrator/core/question/doubt.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_ranking = 20;
constexpr double k_ranked = 1e-4;

// Oldest on the left; a column is as tall as its mass against the tallest.
std::string bars(const std::vector<double>& columns) {
  static constexpr const char* k_bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const double most = *std::ranges::max_element(columns);
  std::string text;
  for (const double mass : columns) {
    const auto height = most > 0 ? std::ceil(8 * mass / most - 1e-3) : 0;
    text += k_bars[static_cast<std::size_t>(std::clamp(height, 0., 8.))];
  }
  return text;
}

char mark(const Standing& standing) {
  if (standing.bad > 0) return 'x';
  if (standing.good > 0 || !standing.record.empty()) return 'o';
  return standing.untestable() ? '?' : ' ';
}

std::string plot(const Question& question, const Posterior& posterior, unsigned width) {
  const auto& order = question.range.history.topological();
  if (order.empty() || width == 0) return "";
  const auto columns = std::min<std::size_t>(width, order.size());
  std::vector<double> mass(columns);
  std::string marks(columns, ' ');
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto column = i * columns / order.size();
    mass[column] += posterior.probability(question.lineage.slot(order[i]));
  }
  for (const auto& [id, standing] : question.evidence.standings) {
    const auto at = question.range.history.find(id);
    if (!at) continue;
    const auto i = static_cast<std::size_t>(std::ranges::find(order, *at) - order.begin());
    auto& there = marks[i * columns / order.size()];
    const char own = mark(standing);
    if (there == ' ' || own == 'x') there = own;
  }
  return "oldest |" + bars(mass) + "| newest\n asked |" + marks + "| x failed, o passed, ? untestable\n";
}

}  // namespace

std::vector<Ranked> rank(const Question& question, const Posterior& posterior) {
  std::vector<Ranked> all;
  for (std::uint32_t slot = 0; slot < question.lineage.size(); ++slot)
    if (const double p = posterior.probability(slot); p > k_ranked)
      all.push_back({question.range.history.id(question.lineage.at(slot)), p});
  const auto n = static_cast<std::ptrdiff_t>(std::min(k_ranking, all.size()));
  std::ranges::partial_sort(all, all.begin() + n, std::ranges::greater{}, &Ranked::probability);
  all.resize(static_cast<std::size_t>(n));
  return all;
}

Outlook outlook(const Question& question, unsigned width) {
  const Belief belief(question);
  const auto posterior = belief.now();
  return {rank(question, posterior), posterior.bits(), posterior.rate(),
          posterior.nowhere(),       doubts(belief),   plot(question, posterior, width)};
}

}  // namespace kverdict
