// When a crash comes, given that it comes within a whole run: reached(t) is the share of the crashes that
// have come by t. Learnt from the crashes that were timed; until there are some it stays between all that is
// plausible, and a few crashes early in their runs do not make it certain that none comes late.
#pragma once

#include <span>
#include <vector>

namespace kverdict {

// One timed crash, in parts of a whole run: after `after`, in a run that was to go on until `until`.
struct TimedCrash {
  double after = 0, until = 1;
};

class CrashTime {
 public:
  explicit CrashTime(std::span<const TimedCrash> crashes);

  double reached(double part) const;     // part of a whole run, [0, 1] -> [0, 1]
  double mean_until(double part) const;  // mean time of those that come by `part`, in parts of a run
  std::size_t seen() const { return seen_; }

 private:
  static constexpr std::size_t k_steps = 64;
  std::size_t seen_;
  std::vector<double> reached_;  // at i / k_steps
};

}  // namespace kverdict
