// Histories like the kernel's: maintainers' trees that fork from the mainline, nest (a tree merges topics of
// its own), sometimes merge the mainline back, and are merged again, now and then several at once.
#pragma once

#include <random>
#include <vector>

namespace kverdict::test {

// Parents by number, all older; 0 is the oldest. The last one descends from all.
inline std::vector<std::vector<unsigned>> kernel_like(unsigned commits, unsigned merges, unsigned seed = 20,
                                                      unsigned trees = 200) {
  std::mt19937 random(seed);
  std::vector<std::vector<unsigned>> parents;
  const auto commit = [&](std::vector<unsigned> of) {
    parents.push_back(std::move(of));
    return static_cast<unsigned>(parents.size() - 1);
  };
  auto mainline = commit({});
  std::vector<unsigned> tips(trees, mainline);
  while (parents.size() < commits) {
    auto& tree = tips[random() % trees];
    if (random() % commits >= merges) {
      tree = commit({tree});
      continue;
    }
    const auto kind = random() % 10;
    auto& other = tips[random() % trees];
    if (kind < 5 && tree != mainline) {
      std::vector<unsigned> of{mainline, tree};
      if (random() % 20 == 0 && other != tree && other != mainline) of.push_back(other);
      mainline = commit(std::move(of));
      tree = random() % 2 ? mainline : tree;
    } else if (kind < 8 && tree != other) {
      tree = commit({tree, other});
      if (random() % 2) other = mainline;
    } else if (tree != mainline) {
      tree = commit({tree, mainline});
    }
  }
  for (const auto tree : tips)
    if (tree != mainline && tree + 1 != parents.size()) mainline = commit({mainline, tree});
  return parents;
}

}  // namespace kverdict::test
