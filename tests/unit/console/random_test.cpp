// The fuzz targets' invariants on damaged pieces of real transcripts; deterministic.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/fuzz/console/invariants.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

std::string material() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(KV_TEST_DATA) / "golden" / "console"))
    if (entry.path().extension() == ".log") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::string all;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    const std::string log{std::istreambuf_iterator<char>(in), {}};
    all += log.substr(log.size() - std::min<std::size_t>(log.size(), 8000));
  }
  return all;
}

std::string damaged(const std::string& all, std::mt19937& random) {
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random()) % bound; };
  const auto length = 200 + below(1500);
  auto piece = all.substr(below(all.size() - length), length);
  for (auto hits = below(12); hits > 0; --hits) {
    const auto at = below(piece.size());
    switch (below(5)) {
      case 0:
        piece[at] = static_cast<char>(below(256));
        break;
      case 1:
        piece.erase(at, 1 + below(40));
        break;
      case 2:
        piece.insert(at, all.substr(below(all.size() - 60), below(60)));
        break;
      case 3:
        piece.insert(at, 1, "\n\r\x1b[]<+:{"[below(9)]);
        break;
      case 4:
        piece.insert(at, piece.substr(below(piece.size()), below(80)));
        break;
    }
    if (piece.empty()) piece = "x";
  }
  return piece;
}

TEST(RandomDamage, NeverBreaksTheReader) {
  const auto all = material();
  std::mt19937 random(20260301);
  for (int round = 0; round < 1500; ++round) {
    const auto piece = damaged(all, random);
    fuzz::check_lines(piece);
    fuzz::check_oopses(piece);
    fuzz::check_frame(std::string_view(piece).substr(0, 120));
  }
}

}  // namespace
}  // namespace kverdict
