// What is believed, before any run, of the rates: p, how often the bug shows in a whole run of a bad kernel,
// and q, how often a good kernel fails in the same way for another reason.
//
// p is one number for the bug, but each build has a rate of its own around it (layout and timing differ): a
// row is a value of p with a spread, and its shares say how the rates of builds are spread over the support.
// A spread of 0 is the same rate in every build. Everything is a sum over these few points, so any likelihood
// can be carried: censored runs, soaks of any length, two-sided rates.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace kverdict {

enum class RateKind {
  never_before,  // good kernels hardly ever fail in the hunted way
  any_change,    // both sides fail, one more often
};

class RateGrid {
 public:
  struct Row {
    double p = 0;
    double weight = 0;               // prior, all rows together 1
    std::size_t begin = 0, end = 0;  // of the support
    std::vector<double> share;       // over [begin, end), together 1
  };
  struct Floor {
    double q = 0;
    double weight = 0;
  };

  explicit RateGrid(RateKind kind);

  std::span<const double> support() const { return support_; }
  std::span<const Row> rows() const { return rows_; }
  std::span<const Floor> floors() const { return floors_; }
  // Prior of the pair; 0 where q is too close to p to be told apart.
  double weight(std::size_t row, std::size_t floor) const { return weights_[row * floors_.size() + floor]; }
  // Sum over the support of share times value.
  double mean(const Row& row, std::span<const double> values) const {
    if (row.end - row.begin == 1) return values[row.begin];
    double sums[4] = {};  // four chains of additions: the processor need not wait
    std::size_t s = 0;
    for (; s + 4 <= row.share.size(); s += 4)
      for (std::size_t i = 0; i < 4; ++i) sums[i] += row.share[s + i] * values[row.begin + s + i];
    for (; s < row.share.size(); ++s) sums[0] += row.share[s] * values[row.begin + s];
    return sums[0] + sums[1] + sums[2] + sums[3];
  }

 private:
  void add_row(double p, double spread, double weight);
  void weigh(double closest);

  std::vector<double> support_;
  std::vector<Row> rows_;
  std::vector<Floor> floors_;
  std::vector<double> weights_;
};

const RateGrid& rate_grid(RateKind kind);

}  // namespace kverdict
