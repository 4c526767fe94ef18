#include "orchestrator/core/search/probe.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace kverdict {
namespace {

constexpr unsigned k_runs[] = {1, 2, 4, 8, 20};
constexpr double k_parts[] = {1, .9, .8, .7, .6};
constexpr std::size_t k_timed_crashes = 3;  // before that no run is shortened
constexpr std::size_t k_looked_at = 4;      // candidates of each kind that are weighed exactly
constexpr std::uint32_t k_places = 24,
                        k_most_places = 4000;  // looked at in a stretch that is in part untestable
constexpr std::size_t k_considered = 24;       // are kept while all are scanned
constexpr std::size_t k_refined = 3;           // that are weighed with shorter runs too
constexpr double k_stands_out = 0.3;
constexpr double k_least_bits = 1e-7;
constexpr double k_weightless = 1e-12;  // class

double entropy(double p) {
  if (p <= 0 || p >= 1) return 0;
  return -p * std::log2(p) - (1 - p) * std::log2(1 - p);
}

// Kullback-Leibler divergence of two coins, bits.
double divergence(double p, double q) {
  q = std::clamp(q, 1e-12, 1 - 1e-12);
  double sum = 0;
  if (p > 0) sum += p * std::log2(p / q);
  if (p < 1) sum += (1 - p) * std::log2((1 - p) / (1 - q));
  return sum;
}

// Up to so many runs, each up to a part of a whole one, until one fails.
struct Action {
  unsigned runs = 1;
  double part = 1;
  double reached = 1;  // share of the crashes that come by then
  double clean_seconds = 0, fail_seconds = 0;
};

// What happens when an action is done to a build that fails at some rate: a clean end, and clean runs.
struct Course {
  double passes = 0;  // probability that no run fails
  double clean = 0;   // clean runs in the mean
};

Course course_of(const Action& action, double rate) {
  const double r = rate * action.reached;
  const double passes = std::pow(1 - r, action.runs);
  return {passes, r > 1e-12 ? (1 - r) * (1 - passes) / r : action.runs};
}

// Sums over classes, or parts of them: probability of a failure, entropy left, seconds.
struct Sums {
  double fails = 0, left = 0, seconds = 0;
  Sums& operator+=(const Sums& o) {
    fails += o.fails, left += o.left, seconds += o.seconds;
    return *this;
  }
  Sums operator-(const Sums& o) const { return {fails - o.fails, left - o.left, seconds - o.seconds}; }
  Sums operator*(double f) const { return {fails * f, left * f, seconds * f}; }
};

// An action by class: what it does there to a good candidate, and what is added when it is bad.
struct ByClass {
  std::vector<double> fails_bad, fails_good;
  std::vector<Sums> added;  // times the mass of the class
  Sums good;                // all classes, everything good
};

class Weighing {
 public:
  Weighing(const Posterior& posterior, const Terms& terms) : posterior_(posterior), terms_(terms) {
    make_actions();
    untried_.resize(actions_.size());
    if (const auto top = posterior.top(); top.probability > k_stands_out) top_ = top;
  }

  std::vector<Probe> best(std::size_t n) {
    scan();
    for (const auto slot : terms_.built)
      if (!is_tried(slot)) consider(slot, rough(posterior_.shares_bad(slot), slot, 0).score);
    look_around_skipped(k_places);
    if (considered_.empty()) look_around_skipped(k_most_places);
    std::vector<Probe> probes;
    for (const auto slot : shortlist()) add(probes, weigh_untried(slot, whole_runs()));
    for (const auto& [score, i] : tried_shortlist()) add(probes, weigh_tried(i, whole_runs()));
    std::ranges::stable_sort(probes, std::ranges::greater{}, &Probe::score);
    for (std::size_t i = 0; i < std::min(k_refined, probes.size()); ++i) {
      const auto& probe = probes[i];
      const auto shorter = shorter_runs(probe.runs);
      const auto refined =
          probe.tried ? weigh_tried(*probe.tried, shorter) : weigh_untried(probe.slot, shorter);
      if (refined.score > probe.score) probes[i] = refined;
    }
    std::ranges::stable_sort(probes, std::ranges::greater{}, &Probe::score);
    if (probes.size() > n) probes.resize(n);
    return probes;
  }

 private:
  static void add(std::vector<Probe>& probes, const Probe& probe) {
    if (probe.bits > k_least_bits) probes.push_back(probe);
  }

  void make_actions() {
    const auto& time = *terms_.crash_time;
    for (const double part : k_parts) {
      if (part < 1 && (time.seen() < k_timed_crashes || part < terms_.shortest_part)) continue;
      const double reached = time.reached(part);
      for (const unsigned runs : k_runs)
        actions_.push_back({runs, part, reached, terms_.boot + terms_.handling + part * terms_.run,
                            terms_.boot + terms_.handling + time.mean_until(part) * terms_.run});
    }
    for (const auto& action : actions_) {
      auto& passes = passes_.emplace_back();
      auto& clean = clean_.emplace_back();
      for (const double rate : posterior_.grid().support()) {
        const auto course = course_of(action, rate);
        passes.push_back(course.passes);
        clean.push_back(course.clean);
      }
    }
  }

  const ByClass& untried(std::size_t a) {
    if (untried_[a].added.empty()) untried_[a] = by_class(a, {});
    return untried_[a];
  }

  // `likelihood` of the build's rate, by support, when the candidate was tried before.
  ByClass by_class(std::size_t a, std::span<const double> likelihood) const {
    const auto& grid = posterior_.grid();
    const auto& action = actions_[a];
    auto passes = passes_[a], clean = clean_[a];
    for (std::size_t s = 0; s < likelihood.size(); ++s) passes[s] *= likelihood[s], clean[s] *= likelihood[s];
    std::vector<Course> rows, floors;
    for (const auto& row : grid.rows()) {
      const double all = likelihood.empty() ? 1 : grid.mean(row, likelihood);
      rows.push_back(all > 0 ? Course{grid.mean(row, passes) / all, grid.mean(row, clean) / all} : Course{});
    }
    for (const auto& floor : grid.floors()) floors.push_back(course_of(action, floor.q));
    ByClass result;
    for (const auto& each : posterior_.classes()) {
      if (each.mass < k_weightless) {
        result.fails_bad.push_back(0);
        result.fails_good.push_back(0);
        result.added.emplace_back();
        continue;
      }
      const auto bad = mean(each.rows, rows), good = mean(each.floors, floors);
      const auto sums_bad = sums(action, bad, each.mass), sums_good = sums(action, good, each.mass);
      result.fails_bad.push_back(1 - bad.passes);
      result.fails_good.push_back(1 - good.passes);
      result.added.push_back(sums_bad - sums_good);
      result.good += sums_good;
    }
    return result;
  }

  static Course mean(std::span<const double> weights, std::span<const Course> courses) {
    Course sum;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sum.passes += weights[i] * courses[i].passes;
      sum.clean += weights[i] * courses[i].clean;
    }
    return sum;
  }

  static Sums sums(const Action& action, const Course& course, double mass) {
    const double fails = 1 - course.passes;
    return {mass * fails, mass * entropy(fails),
            mass * (course.clean * action.clean_seconds + fails * action.fail_seconds)};
  }

  double odds(std::uint32_t slot) const {
    if (std::ranges::binary_search(terms_.cannot, slot)) return 1;
    return terms_.untestable.empty() ? 0 : terms_.untestable[slot];
  }

  bool is_built(std::uint32_t slot) const { return std::ranges::binary_search(terms_.built, slot); }

  void rate(Probe& probe, const Sums& sums, double extra, double build, double untestable) const {
    probe.untestable = untestable;
    probe.bits = (1 - untestable) * std::max(0., entropy(sums.fails) - sums.left);
    const double worth = probe.bits + (1 - untestable) * extra;
    probe.seconds = (1 - untestable) * (build + sums.seconds) + untestable * (build + terms_.boot);
    probe.score = worth / std::max(probe.seconds, 1e-3);
  }

  // ---- every candidate, by stretch and piece: between cuts and merges all sums grow evenly with the prior.

  // All whole-run actions in one pass: what is looked up for a slot serves all of them.
  void scan() {
    const auto& lineage = posterior_.lineage();
    const auto pieces = posterior_.pieces();
    const auto& prior = posterior_.prior();
    const auto density = densities();
    std::vector<Wide> before(pieces.size());  // all pieces before one
    Wide all;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      before[i] = all;
      all.add(density[pieces[i].of], prior.mass(pieces[i].begin, pieces[i].end));
    }
    // Adds the sum over the slots [begin, end) of one chain.
    const auto add = [&](Wide& sum, std::uint32_t begin, std::uint32_t end) {
      const auto i = posterior_.piece_of(begin), j = posterior_.piece_of(end - 1);
      if (i == j) return sum.add(density[pieces[i].of], prior.mass(begin, end));
      sum.add(before[j], 1);
      sum.add(before[i], -1);
      sum.add(density[pieces[j].of], prior.mass(pieces[j].begin, end));
      sum.add(density[pieces[i].of], -prior.mass(pieces[i].begin, begin));
    };
    const double sign = posterior_.turn() == Turn::to_bad ? 1 : -1;
    const Wide rest = whoever(all);
    const auto stretches = lineage.stretches();
    std::vector<Wide> below(stretches.size());  // all ancestors of the first one of a stretch, without itself
    for (std::size_t s = 0; s < stretches.size(); ++s) {
      const auto& stretch = stretches[s];
      Wide sum;
      if (stretch.base != Lineage::k_none) {
        const auto base = lineage.stretch_of(stretch.base);
        sum = below[base];
        add(sum, stretches[base].begin, stretch.base + 1);
      }
      for (const auto& span : lineage.spans(stretch)) add(sum, span.begin, span.end);
      below[s] = sum;
      for (auto begin = stretch.begin; begin < stretch.end;) {
        const auto& piece = pieces[posterior_.piece_of(begin)];
        const auto end = std::min(stretch.end, piece.end);
        Wide start = rest;
        start.add(sum, sign);
        for (std::size_t i = 0; i < std::size(k_runs); ++i)
          look_into(begin, end, start.of(i), density[piece.of].of(i) * sign);
        sum.add(density[piece.of], prior.mass(begin, end));
        begin = end;
      }
    }
  }

  // The sums of all whole-run actions side by side.
  struct Wide {
    std::array<double, (3 * std::size(k_runs) + 3) / 4 * 4> values{};  // whole vectors of the processor
    void add(const Wide& o, double factor) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] += o.values[i] * factor;
    }
    void set(std::size_t i, const Sums& sums) {
      values[3 * i] = sums.fails, values[3 * i + 1] = sums.left, values[3 * i + 2] = sums.seconds;
    }
    Sums of(std::size_t i) const { return {values[3 * i], values[3 * i + 1], values[3 * i + 2]}; }
  };

  // By class, per unit of prior.
  std::vector<Wide> densities() {
    const auto classes = posterior_.classes();
    std::vector<Wide> density(classes.size());
    const auto actions = whole_runs();
    for (std::size_t i = 0; i < actions.size(); ++i)
      for (std::size_t j = 0; j + 1 < classes.size(); ++j)
        if (classes[j].prior > 0)
          density[j].set(i, untried(actions[i]).added[j] * (one_of_these() / classes[j].prior));
    return density;
  }

  // What is bad whoever the culprit is; looking for a fix, everything but what lies below.
  Wide whoever(const Wide& all) {
    Wide rest;
    const auto actions = whole_runs();
    for (std::size_t i = 0; i < actions.size(); ++i) {
      auto sums = untried(actions[i]).good;
      rest.set(i, sums += untried(actions[i]).added.back());
    }
    if (posterior_.turn() == Turn::to_good) rest.add(all, 1);
    return rest;
  }

  double one_of_these() const {
    double prior = 0;
    for (const auto& each : posterior_.classes()) prior += each.prior;
    return (prior - posterior_.classes().back().prior) / prior;
  }

  // The information is concave along the part, so its best place follows from the slopes.
  void look_into(std::uint32_t begin, std::uint32_t end, const Sums& start, const Sums& slope) {
    const auto& prior = posterior_.prior();
    const double all = prior.mass(begin, end);
    const double last = start.fails + slope.fails * all;
    if (std::max(start.fails, last) < 1e-9) return;
    const auto look = [&](std::uint32_t slot) {
      Sums sums = start;
      sums += slope * prior.mass(begin, slot + 1);
      Probe probe;
      probe.slot = slot;
      rate(probe, sums, 0, is_built(slot) ? 0 : terms_.build, odds(slot));
      if (probe.bits > k_least_bits) consider(slot, probe.score);
    };
    look(end - 1);
    if (end - begin == 1) return;
    look(begin);
    if (std::abs(slope.fails) < 1e-15) return;
    const double target = 1 / (1 + std::exp2(slope.left / slope.fails));
    const double mass = (target - start.fails) / slope.fails;
    if (mass <= 0 || mass >= all) return;
    const auto at = prior.slot_at(begin, end, mass);
    look(at);
    if (at > begin) look(at - 1);
  }

  void consider(std::uint32_t slot, double score) {
    if (score <= least_considered_) return;
    for (auto& [best, known] : considered_)
      if (known == slot) {
        best = std::max(best, score);
        return;
      }
    considered_.push_back({score, slot});
    if (considered_.size() < 2 * k_considered) return;
    std::ranges::stable_sort(considered_, std::ranges::greater{}, &Scored::score);
    considered_.resize(k_considered);
    least_considered_ = considered_.back().score;
  }

  // Where candidates cannot be tested the closed form misses: some places more, and all when few are left.
  void look_around_skipped(std::uint32_t places) {
    if (terms_.untestable.empty()) return;
    for (const auto& piece : heaviest_pieces()) {
      const auto length = piece.end - piece.begin;
      const auto step = std::max(1U, length / places);
      for (auto slot = piece.begin; slot < piece.end; slot += step) {
        if (odds(slot) >= 1 || is_tried(slot)) continue;
        const auto probe = rough(posterior_.shares_bad(slot), slot, is_built(slot) ? 0 : terms_.build);
        if (probe.bits > k_least_bits) consider(slot, probe.score);
      }
    }
  }

  std::vector<Posterior::Piece> heaviest_pieces() const {
    std::vector<Posterior::Piece> pieces(posterior_.pieces().begin(), posterior_.pieces().end());
    const auto weight = [&](const Posterior::Piece& p) {
      const auto& each = posterior_.classes()[p.of];
      return each.prior > 0 ? each.mass * posterior_.prior().mass(p.begin, p.end) / each.prior : 0;
    };
    const auto n = std::min<std::size_t>(3, pieces.size());
    std::ranges::partial_sort(pieces, pieces.begin() + static_cast<std::ptrdiff_t>(n), std::ranges::greater{},
                              weight);
    pieces.resize(n);
    return pieces;
  }

  std::vector<std::uint32_t> shortlist() {
    std::ranges::stable_sort(considered_, std::ranges::greater{}, &Scored::score);
    std::vector<std::uint32_t> slots;
    for (const auto& [score, slot] : considered_) {
      if (slots.size() == 2 * k_looked_at) break;
      if (!is_tried(slot)) slots.push_back(slot);
    }
    return slots;
  }

  bool is_tried(std::uint32_t slot) const {
    return std::ranges::any_of(posterior_.tried(), [&](const Tried& t) { return t.slot == slot; });
  }

  // ---- one candidate, with every action

  Probe weigh_untried(std::uint32_t slot, const std::vector<std::size_t>& actions) {
    const auto shares = posterior_.shares_bad(slot);
    Probe best;
    best.slot = slot;
    best.bad = bad(shares);
    const double build = is_built(slot) ? 0 : terms_.build, untestable = odds(slot);
    for (const auto a : actions) improve(best, actions_[a], untried(a), shares, build, untestable);
    return best;
  }

  std::vector<std::size_t> whole_runs() const {
    std::vector<std::size_t> actions;
    for (std::size_t a = 0; a < actions_.size(); ++a)
      if (actions_[a].part == 1) actions.push_back(a);
    return actions;
  }

  // Shorter ones, as many as were best or a few more.
  std::vector<std::size_t> shorter_runs(unsigned runs) const {
    std::vector<std::size_t> actions;
    for (std::size_t a = 0; a < actions_.size(); ++a)
      if (actions_[a].part < 1 && actions_[a].runs >= runs && actions_[a].runs <= 3 * runs)
        actions.push_back(a);
    return actions;
  }

  Probe weigh_tried(std::size_t i, const std::vector<std::size_t>& actions) const {
    const auto shares = shares_of(i);
    Probe best;
    best.slot = posterior_.tried()[i].slot;
    best.tried = i;
    best.bad = bad(shares);
    const double untestable = best.slot == Lineage::k_none ? 0 : odds(best.slot);
    for (const auto a : actions)
      improve(best, actions_[a], by_class(a, posterior_.build_rate(i)), shares, 0, untestable);
    return best;
  }

  // With whole runs only.
  Probe rough(const std::vector<double>& shares, std::uint32_t slot, double build) {
    Probe probe;
    probe.slot = slot;
    const double untestable = slot == Lineage::k_none ? 0 : odds(slot);
    for (std::size_t a = 0; a < actions_.size(); ++a)
      if (actions_[a].part == 1) improve(probe, actions_[a], untried(a), shares, build, untestable);
    return probe;
  }

  struct Scored {
    double score;
    std::uint32_t slot;  // or the number of a tried one
  };

  std::vector<Scored> tried_shortlist() {
    std::vector<Scored> list;
    for (std::size_t i = 0; i < posterior_.tried().size(); ++i) {
      const auto& tried = posterior_.tried()[i];
      if (tried.word || (tried.slot != Lineage::k_none && odds(tried.slot) >= 1)) continue;
      // As if it were new: its own runs change the rate of its build, not who stands where.
      list.push_back({rough(shares_of(i), tried.slot, 0).score, static_cast<std::uint32_t>(i)});
    }
    std::ranges::stable_sort(list, std::ranges::greater{}, &Scored::score);
    if (list.size() > k_looked_at) list.resize(k_looked_at);
    return list;
  }

  std::vector<double> shares_of(std::size_t tried) const {
    std::vector<double> shares;
    for (const auto& each : posterior_.classes()) shares.push_back(each.bad[tried] ? 1 : 0);
    return shares;
  }

  double bad(const std::vector<double>& shares) const {
    double sum = 0;
    for (std::size_t j = 0; j < shares.size(); ++j) sum += shares[j] * posterior_.classes()[j].mass;
    return sum;
  }

  void improve(Probe& best, const Action& action, const ByClass& of, const std::vector<double>& shares,
               double build, double untestable) const {
    Sums sums = of.good;
    for (std::size_t j = 0; j < shares.size(); ++j)
      if (shares[j] > 0) sums += of.added[j] * shares[j];
    Probe probe = best;
    probe.runs = action.runs;
    probe.part = action.part;
    rate(probe, sums, confirmation(best.slot, of, shares, sums.fails), build, untestable);
    if (probe.score > best.score) best = probe;
  }

  double confirmation(std::uint32_t slot, const ByClass& of, const std::vector<double>& shares,
                      double fails) const {
    if (!top_) return 0;
    const auto j = posterior_.pieces()[posterior_.piece_of(top_->slot)].of;
    const bool is_bad = slot == top_->slot ? posterior_.turn() == Turn::to_bad : shares[j] > .5;
    const double its = is_bad ? of.fails_bad[j] : of.fails_good[j];
    const double w = std::min(top_->probability, 1 - 1e-9);
    const double others = std::clamp((fails - w * its) / (1 - w), 0., 1.);
    return w * (divergence(its, others) - divergence(its, fails));
  }

  const Posterior& posterior_;
  const Terms& terms_;
  std::vector<Action> actions_;
  std::vector<std::vector<double>> passes_, clean_;  // by action and support
  std::vector<ByClass> untried_;
  std::optional<Posterior::Top> top_;
  std::vector<Scored> considered_;
  double least_considered_ = 0;
};

}  // namespace

std::vector<Probe> best_probes(const Posterior& posterior, const Terms& terms, std::size_t n) {
  return Weighing(posterior, terms).best(n);
}

}  // namespace kverdict
