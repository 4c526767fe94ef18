#include "orchestrator/core/search/posterior.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr double k_even_share = 0.2;
constexpr double k_nowhere = 0.005;  // prior of "none of these"
constexpr double k_word = 1e-9;      // that a person's word, or equal code, misleads
constexpr std::size_t k_rescale_every = 16;

// Sets of tried ones are told apart by a sum of fixed pseudo-random numbers.
std::uint64_t key_of(std::size_t i) {
  auto x = (static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// Product over the shots for every value of `rates`; returns the log of what was taken out.
double multiply(std::span<const Shot> shots, std::span<const double> rates, std::vector<double>& product) {
  product.assign(rates.size(), 1);
  double log_scale = 0;
  for (std::size_t i = 0; i < shots.size(); ++i) {
    const auto& shot = shots[i];
    for (std::size_t s = 0; s < rates.size(); ++s)
      product[s] *= shot.failed ? rates[s] : 1 - rates[s] * shot.reached;
    if ((i + 1) % k_rescale_every != 0) continue;
    const double top = *std::ranges::max_element(product);
    if (top <= 0) break;
    for (auto& value : product) value /= top;
    log_scale += std::log(top);
  }
  return log_scale;
}

double entropy_term(double p) {
  return p > 0 ? -p * std::log2(p) : 0;
}

}  // namespace

Prior::Prior(const Lineage& lineage, std::span<const double> by_position) : sums_(lineage.size() + 1) {
  KV_CHECK(by_position.empty() || by_position.size() == lineage.size());
  double total = 0;
  for (const double weight : by_position) total += std::max(weight, 0.);
  const double even = 1. / std::max(1U, lineage.size());
  for (std::uint32_t slot = 0; slot < lineage.size(); ++slot) {
    double share = even;
    if (total > 0)
      share = k_even_share * even +
              (1 - k_even_share) * std::max(by_position[index_of(lineage.at(slot))], 0.) / total;
    sums_[slot + 1] = sums_[slot] + share;
  }
}

std::uint32_t Prior::slot_at(std::uint32_t begin, std::uint32_t end, double mass) const {
  const auto from = sums_.begin() + begin + 1, to = sums_.begin() + end;
  const auto at = std::lower_bound(from, to, sums_[begin] + mass);
  return std::min(begin + static_cast<std::uint32_t>(at - from), end - 1);
}

Posterior::Posterior(const Lineage& lineage, const Prior& prior, const RateGrid& grid, Turn turn,
                     std::vector<Tried> tried)
    : lineage_(lineage), prior_(prior), grid_(grid), turn_(turn), tried_(std::move(tried)) {
  cut();
  weigh_tried();
  weigh_classes();
}

void Posterior::cut() {
  static const std::vector<std::uint32_t> k_nothing;
  std::vector<std::span<const std::uint32_t>> reaches(tried_.size(), k_nothing);
  for (std::size_t i = 0; i < tried_.size(); ++i)
    if (tried_[i].slot != Lineage::k_none) reaches[i] = lineage_.reach(tried_[i].slot);
  piece_of_.resize(lineage_.size());
  std::unordered_map<std::uint64_t, std::uint32_t> known;
  struct Cut {
    std::uint32_t end;
    std::size_t tried;
  };
  std::vector<Cut> cuts;
  for (std::uint32_t chain = 0; chain < lineage_.chains(); ++chain) {
    const auto first = lineage_.chain_begin(chain), last = lineage_.chain_begin(chain + 1);
    std::uint64_t key = 0;
    cuts.clear();
    for (std::size_t i = 0; i < tried_.size(); ++i) {
      if (reaches[i].empty() || reaches[i][chain] == first) continue;
      key += key_of(i);
      if (reaches[i][chain] < last) cuts.push_back({reaches[i][chain], i});
    }
    std::ranges::sort(cuts, {}, &Cut::end);
    std::size_t next = 0;
    for (auto begin = first; begin < last;) {
      const auto end = next < cuts.size() ? cuts[next].end : last;
      const auto [found, fresh] = known.emplace(key, static_cast<std::uint32_t>(classes_.size()));
      if (fresh) {
        Class made;
        for (std::size_t i = 0; i < tried_.size(); ++i)
          made.bad.push_back((!reaches[i].empty() && reaches[i][chain] > begin) == (turn_ == Turn::to_bad));
        classes_.push_back(std::move(made));
      }
      classes_[found->second].prior += prior_.mass(begin, end);
      std::fill(piece_of_.begin() + begin, piece_of_.begin() + end,
                static_cast<std::uint32_t>(pieces_.size()));
      pieces_.push_back({begin, end, found->second});
      for (; next < cuts.size() && cuts[next].end == end; ++next) key -= key_of(cuts[next].tried);
      begin = end;
    }
  }
  for (auto& each : classes_) each.prior *= 1 - k_nowhere;
  Class nowhere;
  nowhere.prior = k_nowhere;
  nowhere.bad.assign(tried_.size(), true);
  classes_.push_back(std::move(nowhere));
}

void Posterior::weigh_tried() {
  std::vector<double> floors, product;
  for (const auto& floor : grid_.floors()) floors.push_back(floor.q);
  for (const auto& tried : tried_) {
    auto& rates = build_rates_.emplace_back();
    auto& bad = log_bad_.emplace_back();
    auto& good = log_good_.emplace_back();
    const double bad_scale = multiply(tried.shots, grid_.support(), rates);
    for (const auto& row : grid_.rows()) bad.push_back(std::log(grid_.mean(row, rates)) + bad_scale);
    const double good_scale = multiply(tried.shots, floors, product);
    for (const double value : product) good.push_back(std::log(value) + good_scale);
    if (!tried.word) continue;
    for (auto& value : *tried.word ? good : bad) value += std::log(k_word);
  }
}

void Posterior::weigh_classes() {
  const auto rows = grid_.rows().size(), floors = grid_.floors().size();
  std::vector<double> scale(classes_.size());
  std::vector<double> a(rows), b(floors);
  double top = -INFINITY;
  for (std::size_t j = 0; j < classes_.size(); ++j) {
    auto& each = classes_[j];
    std::ranges::fill(a, 0);
    std::ranges::fill(b, 0);
    double word = 0;
    for (std::size_t i = 0; i < tried_.size(); ++i) {
      if (tried_[i].twin_of && each.bad[i] != each.bad[*tried_[i].twin_of]) word += std::log(k_word);
      if (each.bad[i])
        for (std::size_t r = 0; r < rows; ++r) a[r] += log_bad_[i][r];
      else
        for (std::size_t q = 0; q < floors; ++q) b[q] += log_good_[i][q];
    }
    const double top_a = *std::ranges::max_element(a), top_b = *std::ranges::max_element(b);
    for (auto& value : a) value = top_a == -INFINITY ? 0 : std::exp(value - top_a);
    for (auto& value : b) value = top_b == -INFINITY ? 0 : std::exp(value - top_b);
    each.rows.assign(rows, 0);
    each.floors.assign(floors, 0);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t q = 0; q < floors; ++q) {
        const double weight = grid_.weight(r, q) * a[r] * b[q];
        each.rows[r] += weight;
        each.floors[q] += weight;
        each.mass += weight;
      }
    scale[j] =
        each.mass > 0 && each.prior > 0 ? std::log(each.mass * each.prior) + top_a + top_b + word : -INFINITY;
    top = std::max(top, scale[j]);
    if (each.mass <= 0) continue;
    for (auto& value : each.rows) value /= each.mass;
    for (auto& value : each.floors) value /= each.mass;
  }
  double total = 0;
  for (std::size_t j = 0; j < classes_.size(); ++j) total += classes_[j].mass = std::exp(scale[j] - top);
  for (auto& each : classes_) each.mass /= total;
}

double Posterior::probability(std::uint32_t slot) const {
  const auto& each = classes_[pieces_[piece_of_[slot]].of];
  return each.prior > 0 ? each.mass * prior_.mass(slot, slot + 1) * (1 - k_nowhere) / each.prior : 0;
}

double Posterior::bad(std::uint32_t slot) const {
  const auto shares = shares_bad(slot);
  double sum = 0;
  for (std::size_t j = 0; j < classes_.size(); ++j) sum += classes_[j].mass * shares[j];
  return sum;
}

double Posterior::bad_tried(std::size_t tried) const {
  double sum = 0;
  for (const auto& each : classes_)
    if (each.bad[tried]) sum += each.mass;
  return sum;
}

std::vector<double> Posterior::shares_bad(std::uint32_t slot) const {
  std::vector<double> shares(classes_.size());
  if (slot != Lineage::k_none) {
    const auto& reach = lineage_.reach(slot);
    for (const auto& piece : pieces_) {
      const auto end = std::min(piece.end, reach[lineage_.chain_of(piece.begin)]);
      if (end > piece.begin) shares[piece.of] += prior_.mass(piece.begin, end);
    }
    for (std::size_t j = 0; j + 1 < classes_.size(); ++j)
      shares[j] = classes_[j].prior > 0 ? std::min(1., shares[j] * (1 - k_nowhere) / classes_[j].prior) : 0;
  }
  if (turn_ == Turn::to_good)
    for (auto& share : shares) share = 1 - share;
  shares.back() = 1;
  return shares;
}

Posterior::Top Posterior::top() const {
  Top best;
  for (const auto& piece : pieces_) {
    const auto& each = classes_[piece.of];
    if (each.prior <= 0) continue;
    const double density = each.mass * (1 - k_nowhere) / each.prior;
    if (density * prior_.mass(piece.begin, piece.end) <= best.probability) continue;
    for (auto slot = piece.begin; slot < piece.end; ++slot)
      if (const double p = density * prior_.mass(slot, slot + 1); p > best.probability) best = {slot, p};
  }
  return best;
}

double Posterior::bits() const {
  double sum = entropy_term(nowhere());
  for (const auto& piece : pieces_) {
    const auto& each = classes_[piece.of];
    if (each.prior <= 0 || each.mass <= 0) continue;
    const double count = piece.end - piece.begin;
    const double mass = each.mass * (1 - k_nowhere) * prior_.mass(piece.begin, piece.end) / each.prior;
    sum += count * entropy_term(mass / count);
  }
  return sum;
}

double Posterior::rate() const {
  double sum = 0;
  for (const auto& each : classes_)
    for (std::size_t r = 0; r < each.rows.size(); ++r) sum += each.mass * each.rows[r] * grid_.rows()[r].p;
  return sum;
}

}  // namespace kverdict
