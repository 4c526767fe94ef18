// parse: names the crashes in logs from anywhere.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "orchestrator/cli/commands/commands.hpp"
#include "orchestrator/cli/parsed.hpp"
#include "orchestrator/core/report/printable.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_chunk = 1U << 20;

class Parser {
 public:
  Parser(const Invocation& invocation, ParseExtent extent) : form_(invocation.form), extent_(extent) {}

  void parse(const std::string& path) {
    std::error_code ignored;
    if (path == "-") return read(path, std::cin);
    if (fs::is_directory(path, ignored)) return parse_directory(path);
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (!in) return complain(path);
    read(path, in);
  }

  int exit_code() const { return unreadable_ ? 2 : 0; }

 private:
  void parse_directory(const fs::path& directory) {
    std::vector<std::string> logs;
    for (const auto& entry : fs::directory_iterator(directory))
      if (entry.path().extension() == ".log") logs.push_back(entry.path().string());
    std::sort(logs.begin(), logs.end());
    for (const auto& log : logs) parse(log);
    if (logs.empty()) {
      std::cerr << "kverdict: " << printable(directory.string()) << " holds no *.log; name the files\n";
      unreadable_ = true;
    }
  }

  void read(const std::string& path, std::istream& in) {
    LogParse parse(extent_);
    std::size_t said = 0;
    std::string chunk(k_chunk, '\0');
    while (in && !parse.decided()) {
      in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      parse.feed({chunk.data(), static_cast<std::size_t>(in.gcount())});
      said += say(path, parse.take());
    }
    if (in.bad()) return complain(path);
    parse.finish();
    said += say(path, parse.take());
    if (said == 0)
      std::cout << (form_ == OutputForm::json ? no_crash_json(log_id(path))
                                              : printable(path) + ": no crash\n");
  }

  std::size_t say(const std::string& path, const std::vector<Oops>& oopses) {
    for (const auto& oops : oopses)
      std::cout << (form_ == OutputForm::json ? parsed_json(log_id(path), oops) : parsed_text(path, oops));
    return oopses.size();
  }

  void complain(const std::string& path) {
    const int error = errno;
    std::cerr << "kverdict: cannot read " << printable(path) << ": "
              << (error != 0 ? std::strerror(error) : "input error") << "\n";
    unreadable_ = true;
  }

  OutputForm form_;
  ParseExtent extent_;
  bool unreadable_ = false;
};

}  // namespace

int parse_command(const Invocation& invocation, const ParseCommand& command) {
  Parser parser(invocation, command.extent);
  for (const auto& path : command.paths) parser.parse(path);
  std::cout.flush();
  return parser.exit_code();
}

}  // namespace kverdict
