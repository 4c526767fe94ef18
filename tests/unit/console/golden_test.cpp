// What the reader makes of transcripts recorded from real guests. KV_UPDATE_GOLDEN=1 writes the answers anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "orchestrator/core/console/scanner.hpp"
#include "tests/fuzz/console/invariants.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

const fs::path k_folder = fs::path(KV_TEST_DATA) / "golden" / "console";

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> logs() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(k_folder))
    if (entry.path().extension() == ".log") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string said(const Oops& oops) {
  std::ostringstream out;
  out << oops.title << "\n";
  for (const auto& name : oops.alternatives) out << "  also " << name << "\n";
  out << "  kind " << oops.kind << ", type " << oops.type << ", frame " << oops.frame << "\n";
  out << "  by " << oops.process << "[" << oops.pid << "] on cpu " << oops.cpu << ", taint '" << oops.taint
      << "'\n";
  out << "  lines " << oops.first_line << "-" << oops.last_line << ", bytes " << oops.begin << "-"
      << oops.end;
  out << (oops.corrupted ? ", torn: " + oops.why : "") << (oops.panicked ? ", panicked" : "") << "\n";
  out << "  trace";
  for (const auto& frame : oops.trace)
    out << " " << frame.function << (frame.module.empty() ? "" : "@" + frame.module);
  out << "\n  modules";
  for (const auto& module : oops.modules) out << " " << module;
  out << "\n";
  return out.str();
}

std::string answer_for(const std::string& log) {
  std::string out;
  for (const auto& oops : find_oopses(log)) out += said(oops);
  return out.empty() ? "nothing\n" : out;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, SaysWhatItSaidBefore) {
  const auto answer = answer_for(slurp(k_folder / (GetParam() + ".log")));
  const auto expected = k_folder / (GetParam() + ".expect");
  if (std::getenv("KV_UPDATE_GOLDEN")) std::ofstream(expected, std::ios::binary) << answer;
  EXPECT_EQ(answer, slurp(expected));
}

TEST_P(Golden, DoesNotDependOnTheChunks) {
  const auto log = slurp(k_folder / (GetParam() + ".log"));
  const auto whole = fuzz::lines_of(log, log.size());
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{61}, std::size_t{4096}})
    EXPECT_EQ(fuzz::lines_of(log, chunk), whole) << "chunks of " << chunk;
}

// Damage that a console path adds, and that must not change a single name.
std::string per_line(const std::string& log, const std::string& before, const std::string& after) {
  std::istringstream in(log);
  std::string out;
  for (std::string line; std::getline(in, line);) out += before + line + after;
  return out;
}

std::vector<std::string> titles(const std::string& log) {
  std::vector<std::string> out;
  for (const auto& oops : find_oopses(log)) out.push_back(oops.title);
  return out;
}

TEST_P(Golden, KeepsItsTitlesWhateverTheTransportAdds) {
  const auto log = slurp(k_folder / (GetParam() + ".log"));
  const auto expected = titles(log);
  EXPECT_EQ(titles(per_line(log, "Mar  1 12:00:00 dut7 kernel: ", "\n")), expected) << "syslog";
  EXPECT_EQ(titles(per_line(log, "2026-03-01T12:00:00.123456+00:00 ", "\n")), expected) << "ISO date";
  EXPECT_EQ(titles(per_line(log, "[Sun Mar  1 12:00:00 2026] ", "\n")), expected) << "conserver";
  EXPECT_EQ(titles(per_line(log, "", "\r\r\n")), expected) << "doubled CR";
  EXPECT_EQ(titles(per_line(log, "\x1b[32m", "\x1b[0m\n")), expected) << "colours";
}

INSTANTIATE_TEST_SUITE_P(Transcripts, Golden, testing::ValuesIn(logs()), [](const auto& each) {
  auto name = each.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace
}  // namespace kverdict
