// Weights and choices on kernel-like histories, against git on the same history in the same run.
//
//   bench_search [commits] [merges]
//
// The history has no trees: git fast-import takes seconds for it. Prints one line per measurement and fails
// (exit 1) when a distance differs from git's or a goal is missed.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "orchestrator/core/search/classic.hpp"
#include "orchestrator/core/search/weights.hpp"
#include "orchestrator/sources/git_source.hpp"
#include "tests/bench/search/kernel_like.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
constexpr double k_goal = 20;  // times faster than git

struct Timer {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
};

// As git fast-import reads it.
void write(const std::vector<std::vector<unsigned>>& parents, std::ostream& out) {
  for (std::size_t i = 0; i < parents.size(); ++i) {
    out << "commit refs/heads/main\nmark :" << i + 1 << "\ncommitter C <c@example.com> "
        << 1'600'000'000 + (i + 1) * 7 << " +0000\ndata 1\nx\n";
    for (std::size_t k = 0; k < parents[i].size(); ++k)
      out << (k == 0 ? "from :" : "merge :") << parents[i][k] + 1 << "\n";
    out << "\n";
    if (i == 0) out << "reset refs/heads/base\nfrom :1\n\n";
  }
}

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  char buffer[1 << 16];
  while (const auto got = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, got);
  if (pclose(pipe) != 0) std::exit((std::fprintf(stderr, "failed: %s\n", command.c_str()), 1));
  return output;
}

std::size_t differing(const History& history, const std::vector<std::uint32_t>& weights,
                      const std::string& git) {
  std::istringstream lines(git);
  std::size_t lines_seen = 0, wrong = 0;
  for (std::string line; std::getline(lines, line); ++lines_seen) {
    const auto at = history.find({line.substr(0, 40)});
    const auto distance = std::strtoul(line.c_str() + line.find("dist=") + 5, nullptr, 10);
    if (!at ||
        std::min<std::size_t>(weights[index_of(*at)], history.size() - weights[index_of(*at)]) != distance)
      ++wrong;
  }
  return wrong + (lines_seen == history.size() ? 0 : 1);
}

int run(unsigned commits, unsigned merges) {
  const TemporaryDirectory directory;
  const auto repository = (directory.path() / "clone").string();
  const auto stream = (directory.path() / "stream").string();
  {
    std::ofstream out(stream);
    write(test::kernel_like(commits, merges), out);
  }
  output_of("git init -q -b main '" + repository + "' && git -C '" + repository + "' fast-import --quiet <'" +
            stream + "'");
  fs::remove(stream);

  const Timer reading;
  const auto range = GitSource::open(repository).resolve({"main", {"base"}});
  const double read = reading.seconds();
  const auto& history = range.history;

  const Timer weighing;
  const auto weights = ancestor_counts(history, std::vector<bool>(history.size(), true));
  const double ours = weighing.seconds();

  const Timer choosing;
  const auto choice = choose_classic(history, {{*history.find(range.bad), Verdict::bad}});
  const double chosen = choosing.seconds();

  const Timer listing;
  output_of("git -C '" + repository + "' rev-list main ^base | tail -1");
  const double listed = listing.seconds();

  const Timer gits;
  const auto all = output_of("git -C '" + repository + "' rev-list --bisect-all main ^base");
  const double theirs = gits.seconds();

  const Timer one;
  const auto first = output_of("git -C '" + repository + "' rev-list --bisect main ^base");
  const double git_choice = one.seconds();

  const auto wrong = differing(history, weights, all);
  const bool same = first.substr(0, 40) == history.id(choice.candidate).value;
  std::printf("commits                      %zu\n", history.size());
  std::printf(
      "weights                      %.3f s, git rev-list --bisect-all %.2f s: ratio 1/%.0f (goal 1/%.0f)\n",
      ours, theirs, theirs / ours, k_goal);
  std::printf("weights that differ          %zu\n", wrong);
  std::printf("first choice                 %.3f s, git rev-list --bisect %.2f s: %s\n", chosen, git_choice,
              same ? "the same" : "DIFFERENT");
  std::printf("reading the range            %.2f s, git rev-list %.2f s\n", read, listed);
  return wrong == 0 && same && theirs >= k_goal * ours ? 0 : 1;
}

}  // namespace
}  // namespace kverdict

int main(int argc, char** argv) {
  const auto number = [&](int i, unsigned fallback) {
    return argc > i ? static_cast<unsigned>(std::atoi(argv[i])) : fallback;
  };
  return kverdict::run(number(1, 170'000), number(2, 9'000));
}
