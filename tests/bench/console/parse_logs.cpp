// Names the crashes of log files, as JSON lines for the console scorer, and measures the reader's speed.
//
//   parse_logs DIR          one line per DIR/*.log: the first crash, or {"id": ...} when there is none
//   parse_logs FILE...      every oops of each file
//   parse_logs --speed FILE N   MB per CPU second over N passes
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "orchestrator/core/console/scanner.hpp"

namespace {

namespace fs = std::filesystem;
using kverdict::Oops;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

void print(const std::string& id, const Oops& oops) {
  std::cout << "{\"id\": " << quoted(id) << ", \"title\": " << quoted(oops.title) << ", \"alt\": [";
  for (std::size_t i = 0; i < oops.alternatives.size(); ++i)
    std::cout << (i ? ", " : "") << quoted(oops.alternatives[i]);
  std::cout << "], \"kind\": " << quoted(oops.kind) << ", \"type\": " << quoted(oops.type)
            << ", \"corrupted\": " << (oops.corrupted ? "true" : "false")
            << ", \"panicked\": " << (oops.panicked ? "true" : "false") << ", \"start\": " << oops.begin
            << ", \"end\": " << oops.end << ", \"why\": " << quoted(oops.why) << "}\n";
}

void print_first(const fs::path& path) {
  const auto oopses = kverdict::find_oopses(slurp(path));
  const auto crash =
      std::find_if(oopses.begin(), oopses.end(), [](const Oops& oops) { return !oops.complaint; });
  if (crash != oopses.end())
    print(path.stem().string(), *crash);
  else
    std::cout << "{\"id\": " << quoted(path.stem().string()) << "}\n";
}

void measure(const fs::path& path, int passes) {
  const auto log = slurp(path);
  std::size_t found = 0;
  const auto start = std::clock();
  for (int i = 0; i < passes; ++i) found += kverdict::find_oopses(log).size();
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::cout << static_cast<double>(log.size()) * passes / 1e6 / seconds << " MB/s, "
            << found / static_cast<std::size_t>(passes) << " oopses, " << seconds / passes << " s a pass\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--speed") return measure(argv[2], std::stoi(argv[3])), 0;
  for (int i = 1; i < argc; ++i) {
    if (fs::is_directory(argv[i])) {
      for (const auto& entry : fs::directory_iterator(argv[i]))
        if (entry.path().extension() == ".log") print_first(entry.path());
    } else {
      for (const auto& oops : kverdict::find_oopses(slurp(argv[i]))) print(argv[i], oops);
    }
  }
}
