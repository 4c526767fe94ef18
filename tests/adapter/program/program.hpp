// The built program, run in a home of its own beside a small git repository.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace kverdict {

struct Said {
  int code = -1;
  std::string out;
  std::string err;
};

class ProgramHome {
 public:
  ProgramHome();

  // Runs a shell line in the home; $KV is the program, HOME and the XDG folders lie in here.
  Said shell(const std::string& line) const;
  Said kverdict(const std::string& arguments) const { return shell("\"$KV\" " + arguments); }

  void write(const std::string& name, const std::string& text) const;
  std::filesystem::path path() const { return directory_.path(); }
  std::filesystem::path repository() const { return path() / "repo"; }
  std::filesystem::path session(const std::string& name) const {
    return path() / "state/kverdict/sessions" / name;
  }
  // Ids of the line of commits, oldest first; made in repository().
  const std::vector<std::string>& commits() const { return commits_; }

 private:
  TemporaryDirectory directory_;
  std::vector<std::string> commits_;
};

}  // namespace kverdict
