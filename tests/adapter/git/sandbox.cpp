#include "tests/adapter/git/sandbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace kverdict::test {
namespace fs = std::filesystem;

std::string shell(const fs::path& directory, const std::string& command, const std::string& input) {
  const TemporaryDirectory scratch;
  std::ofstream(scratch.path() / "in") << input;
  const auto whole = "cd '" + directory.string() + "' && ( " + command + " ) <'" +
                     (scratch.path() / "in").string() + "' 2>'" + (scratch.path() / "err").string() + "'";
  FILE* pipe = popen(whole.c_str(), "r");
  std::string output;
  char buffer[4096];
  while (const auto got = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, got);
  const int status = pclose(pipe);
  std::stringstream error;
  error << std::ifstream(scratch.path() / "err").rdbuf();
  EXPECT_EQ(status, 0) << command << "\n" << error.str();
  return output;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

Sandbox::Sandbox() : path_(dir_.path() / "clone") {
  setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
  setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
  shell(dir_.path(),
        "git init -q -b main clone && cd clone && git config user.name 'A U Thor' && "
        "git config user.email author@example.com && git config advice.detachedHead false && "
        "git config protocol.file.allow always && git config gc.auto 0");
}

std::string Sandbox::git(const std::string& arguments) const {
  return trimmed(shell(path_, "git " + arguments));
}

std::vector<std::string> Sandbox::git_lines(const std::string& arguments) const {
  return lines_of(shell(path_, "git " + arguments));
}

void Sandbox::import(const std::string& stream) const {
  shell(path_, "git fast-import --quiet", stream);
}

void Sandbox::write(const std::string& file, const std::string& content) const {
  fs::create_directories((path_ / file).parent_path());
  std::ofstream(path_ / file) << content;
}

std::string Sandbox::commit(const std::string& message) const {
  return trimmed(
      shell(path_, "git add -A && git commit -q --allow-empty -m '" + message + "' && git rev-parse HEAD"));
}

namespace {

bool percent(std::mt19937& random, unsigned chance) {
  return random() % 100 < chance;
}

// Tips of the lines to merge: the own one first.
std::set<unsigned> others(std::mt19937& random, const std::vector<unsigned>& tips, unsigned own,
                          unsigned count) {
  std::set<unsigned> result;
  for (unsigned i = 0; i < count; ++i)
    if (const auto tip = tips[random() % tips.size()]; tip != own) result.insert(tip);
  return result;
}

std::string changed_file(std::mt19937& random, const DagShape& shape, unsigned commit) {
  const auto file = random() % shape.files;
  // Few different contents, so that merges agree with one of their parents now and then.
  const auto content = std::to_string(percent(random, 50) ? commit : random() % 3);
  return "M 644 inline dir" + std::to_string(file % 2) + "/file" + std::to_string(file) + ".c\ndata " +
         std::to_string(content.size()) + "\n" + content + "\n";
}

}  // namespace

std::string random_dag(std::mt19937& random, const DagShape& shape) {
  std::ostringstream out;
  std::vector<unsigned> tips(shape.lines, 0);
  long date = 1'600'000'000;
  for (unsigned i = 1; i <= shape.commits; ++i) {
    if (!percent(random, shape.equal_date_percent)) date += 60;
    const auto when = percent(random, shape.backward_date_percent) ? date - 1000 * (1 + random() % 20) : date;
    auto& tip = tips[random() % tips.size()];
    out << "commit refs/heads/c" << i << "\nmark :" << i << "\ncommitter C <c@example.com> " << when
        << " +0000\ndata <<E\ncommit " << i << "\nE\n";
    if (tip == 0 && i > 1 && !percent(random, 3)) tip = 1 + random() % (i - 1);
    if (tip) out << "from :" << tip << "\n";
    const unsigned count = percent(random, shape.octopus_percent) ? 3
                           : percent(random, shape.merge_percent) ? 1
                                                                  : 0;
    if (tip)
      for (const auto other : others(random, tips, tip, count))
        if (other) out << "merge :" << other << "\n";
    if (shape.files) out << changed_file(random, shape, i);
    out << "\n";
    tip = i;
  }
  out << "commit refs/heads/main\nmark :" << shape.commits + 1 << "\ncommitter C <c@example.com> "
      << date + 60 << " +0000\ndata <<E\nlast\nE\nfrom :" << shape.commits << "\n";
  for (const auto other : std::set<unsigned>(tips.begin(), tips.end()))
    if (other && other != shape.commits) out << "merge :" << other << "\n";
  if (shape.files) out << changed_file(random, shape, shape.commits + 1);
  out << "\n";
  return out.str();
}

}  // namespace kverdict::test
