// A real git repository in a directory of its own, made and asked with the git command.
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace kverdict::test {

// Runs a shell command in a directory and returns its output; fails the test when it does not exit with 0.
std::string shell(const std::filesystem::path& directory, const std::string& command,
                  const std::string& input = "");
std::vector<std::string> lines_of(const std::string& text);
std::string trimmed(std::string text);

class Sandbox {
 public:
  Sandbox();  // an empty repository

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path outside(const std::string& name) const { return dir_.path() / name; }
  std::string git(const std::string& arguments) const;  // trimmed output
  std::vector<std::string> git_lines(const std::string& arguments) const;
  void import(const std::string& stream) const;  // git fast-import

  void write(const std::string& file, const std::string& content) const;
  std::string commit(const std::string& message) const;  // everything; returns the id

 private:
  TemporaryDirectory dir_;
  std::filesystem::path path_;
};

struct DagShape {
  unsigned commits = 30;
  unsigned lines = 4;  // lines of development at once
  unsigned merge_percent = 25;
  unsigned octopus_percent = 5;
  unsigned equal_date_percent = 30;
  unsigned backward_date_percent = 0;
  unsigned files = 0;  // each commit changes one of them; 0 = empty trees
};

// A fast-import stream of a random history; commit i is named refs/heads/c<i>, the newest `main`.
std::string random_dag(std::mt19937& random, const DagShape& shape);

}  // namespace kverdict::test
