#include "tests/adapter/program/program.hpp"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace kverdict {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

constexpr const char* k_make_repository =
    "git init -q -b main repo && cd repo && git config user.name T && git config user.email t@example.org && "
    "for i in 0 1 2 3 4 5 6 7; do echo $i > file; git add file; "
    "GIT_COMMITTER_DATE=\"2024-01-0$((i + 1))T00:00:00Z\" git commit -q -m \"change $i\" "
    "--date \"2024-01-0$((i + 1))T00:00:00Z\"; done; git rev-list --reverse main";

}  // namespace

ProgramHome::ProgramHome() {
  std::istringstream ids(shell(k_make_repository).out);
  for (std::string id; ids >> id;) commits_.push_back(id);
  if (commits_.size() != 8) throw std::runtime_error("cannot make a repository in " + path().string());
}

Said ProgramHome::shell(const std::string& line) const {
  const auto home = path().string();
  const std::string whole = "cd '" + home + "' && export KV='" KV_PROGRAM "' HOME='" + home +
                            "' XDG_STATE_HOME='" + home + "/state' XDG_CACHE_HOME='" + home +
                            "/cache' XDG_CONFIG_HOME='" + home + "/config' GIT_CONFIG_NOSYSTEM=1; (" + line +
                            ") > '" + home + "/.out' 2> '" + home + "/.err' < /dev/null";
  const int status = std::system(whole.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), slurp(path() / ".out"),
          slurp(path() / ".err")};
}

void ProgramHome::write(const std::string& name, const std::string& text) const {
  std::filesystem::create_directories((path() / name).parent_path());
  std::ofstream(path() / name) << text;
}

}  // namespace kverdict
