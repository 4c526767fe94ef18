// Made-up histories for tests of search.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "orchestrator/core/model/history.hpp"

namespace kverdict::test {

// parents[i] are older candidates of i, by number; number 0 is the oldest. Positions go newest first.
inline History history_of(const std::vector<std::vector<unsigned>>& parents) {
  History::Builder builder;
  for (auto i = parents.size(); i-- > 0;) {
    std::vector<CandidateId> ids;
    for (const auto parent : parents[i]) ids.push_back({std::to_string(parent)});
    builder.add({std::to_string(i)}, std::move(ids));
  }
  return std::move(builder).build();
}

inline std::vector<std::vector<unsigned>> chain(unsigned size) {
  std::vector<std::vector<unsigned>> parents(size);
  for (unsigned i = 1; i < size; ++i) parents[i] = {i - 1};
  return parents;
}

// One tip; lines of development that fork, and merge with up to three others.
inline std::vector<std::vector<unsigned>> random_dag(std::mt19937& random, unsigned size, unsigned lines,
                                                     unsigned merge_percent) {
  std::vector<std::vector<unsigned>> parents(size);
  std::vector<unsigned> tips(lines, 0);
  for (unsigned i = 1; i < size; ++i) {
    auto& tip = tips[random() % lines];
    parents[i] = {tip};
    if (random() % 100 < merge_percent)
      for (unsigned more = 1 + random() % 3; more > 0; --more)
        if (const auto other = tips[random() % lines]; other != tip) parents[i].push_back(other);
    tip = i;
  }
  for (const auto tip : tips)
    if (tip != size - 1) parents[size - 1].push_back(tip);
  return parents;
}

}  // namespace kverdict::test
