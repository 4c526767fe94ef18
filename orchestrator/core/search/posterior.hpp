// The posterior over (culprit, p, q), exact: "culprit c" means that x is bad iff c is an ancestor of x or x
// itself. Runs of a bad x fail at the rate of its build around p, runs of a good x at q.
//
// Looking for a fix it is the other way round: what has the culprit among its ancestors is good.
//
// Candidates below the same tried ones cannot be told apart, so all is computed by class. Along a chain a
// class is a few pieces between cuts, so neither the time nor the memory grows with candidates times runs.
// One more class stands for "none of these": then all is bad, the good ends as well.
//
// The sums over ancestors that a choice needs come from the lineage; see Inside.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "orchestrator/core/search/lineage.hpp"
#include "orchestrator/core/search/rates.hpp"

namespace kverdict {

// One run: it failed, or it went on for a part of a whole run within which this share of the crashes would
// have come.
struct Shot {
  bool failed = false;
  double reached = 1;
};

// A candidate and its runs. Outside the history (slot k_none) is what must be good.
struct Tried {
  std::uint32_t slot = Lineage::k_none;
  std::vector<Shot> shots;
  std::optional<bool> word;  // a person's: it fails, or it does not
  std::optional<std::size_t>
      twin_of;  // its code is that of this other tried one: bad together, good together
};

// Prior over the candidates as sums along the slots, so that any stretch's mass is a difference.
class Prior {
 public:
  // Any scale; a fifth stays even, so that a wrong opinion costs at most log2(5) bits. Empty = even.
  Prior(const Lineage& lineage, std::span<const double> by_position);
  double mass(std::uint32_t begin, std::uint32_t end) const { return sums_[end] - sums_[begin]; }
  // The slot in [begin, end) up to and with which the mass from begin first is at least `mass`.
  std::uint32_t slot_at(std::uint32_t begin, std::uint32_t end, double mass) const;

 private:
  std::vector<double> sums_;  // size + 1
};

enum class Turn { to_bad, to_good };  // what the culprit makes of its descendants

class Posterior {
 public:
  struct Piece {
    std::uint32_t begin, end;  // slots of one chain
    std::uint32_t of;          // class
  };
  // The chain rule: P(class, p, q) = mass * rows[..] * floors[..], rows and floors of this class.
  struct Class {
    double prior = 0;
    double mass = 0;
    std::vector<double> rows;    // marginal, together 1
    std::vector<double> floors;  // marginal, together 1
    std::vector<bool> bad;       // by tried: is it bad when the culprit is in this class
  };

  Posterior(const Lineage& lineage, const Prior& prior, const RateGrid& grid, Turn turn,
            std::vector<Tried> tried);

  std::span<const Class> classes() const { return classes_; }
  std::span<const Piece> pieces() const { return pieces_; }
  std::uint32_t piece_of(std::uint32_t slot) const { return piece_of_[slot]; }
  double nowhere() const { return classes_.back().mass; }  // the last class: none of these
  std::span<const Tried> tried() const { return tried_; }
  // Likelihood of a build's rate after the runs of a tried one, by support, scaled.
  std::span<const double> build_rate(std::size_t tried) const { return build_rates_[tried]; }
  const RateGrid& grid() const { return grid_; }
  const Lineage& lineage() const { return lineage_; }
  const Prior& prior() const { return prior_; }
  Turn turn() const { return turn_; }

  double probability(std::uint32_t slot) const;  // that it is the culprit
  double bad(std::uint32_t slot) const;          // that it is bad
  double bad_tried(std::size_t tried) const;
  std::vector<double> shares_bad(std::uint32_t slot) const;  // by class: for which part of it the slot is bad
  struct Top {
    std::uint32_t slot = 0;
    double probability = 0;
  };
  Top top() const;
  double bits() const;  // entropy of the culprit
  double rate() const;  // mean of p

 private:
  void cut();
  void weigh_tried();
  void weigh_classes();

  const Lineage& lineage_;
  const Prior& prior_;
  const RateGrid& grid_;
  Turn turn_;
  std::vector<Tried> tried_;
  std::vector<std::vector<double>> build_rates_;  // [tried][support]
  std::vector<std::vector<double>> log_bad_;      // [tried][row]
  std::vector<std::vector<double>> log_good_;     // [tried][floor]
  std::vector<Piece> pieces_;
  std::vector<std::uint32_t> piece_of_;
  std::vector<Class> classes_;
};

}  // namespace kverdict
