#include "orchestrator/images/toolchain.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "orchestrator/images/digest.hpp"
#include "runners/error.hpp"
#include "runners/host/child.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

struct Tool {
  const char* name;
  const char* package;
};

constexpr Tool k_programs[] = {
    {"make", "make"},   {"gcc", "gcc"},        {"ld", "binutils"},     {"objcopy", "binutils"},
    {"nm", "binutils"}, {"ar", "binutils"},    {"strip", "binutils"},  {"flex", "flex"},
    {"bison", "bison"}, {"bc", "bc"},          {"perl", "perl"},       {"awk", "mawk"},
    {"sed", "sed"},     {"find", "findutils"}, {"xargs", "findutils"}, {"cmp", "diffutils"},
};

constexpr Tool k_headers[] = {
    {"libelf.h", "libelf-dev"},
    {"openssl/opensslv.h", "libssl-dev"},
    {"stdio.h", "libc6-dev"},
};

bool has_header(const std::string& name) {
  for (const char* folder : {"/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/local/include",
                             "/usr/include/aarch64-linux-gnu"}) {
    std::error_code error;
    if (fs::exists(fs::path(folder) / name, error)) return true;
  }
  return false;
}

}  // namespace

bool has_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string rest = path ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const auto folder = rest.substr(0, rest.find(':'));
    rest.erase(0, folder.size() == rest.size() ? rest.size() : folder.size() + 1);
    const auto file = fs::path(folder) / name;
    std::error_code error;
    if (!folder.empty() && fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::vector<MissingTool> missing_build_tools() {
  std::vector<MissingTool> missing;
  for (const auto& tool : k_programs)
    if (!has_program(tool.name)) missing.push_back({tool.name, tool.package});
  for (const auto& header : k_headers)
    if (!has_header(header.name)) missing.push_back({header.name, header.package});
  return missing;
}

void require_build_tools() {
  const auto missing = missing_build_tools();
  if (missing.empty()) return;
  std::string names, packages;
  for (const auto& tool : missing) {
    names += (names.empty() ? "" : ", ") + tool.name;
    if ((packages + " ").find(" " + tool.package + " ") == std::string::npos) packages += " " + tool.package;
  }
  throw UsageError("cannot build kernels: missing " + names + "; install with: apt-get install" + packages);
}

Task<std::string> toolchain_id(Clock& clock, std::vector<std::string> compiler) {
  std::vector<std::vector<std::string>> questions = {std::move(compiler), {"ld"}};
  questions.front().push_back("-v");
  questions.back().push_back("-v");
  Digest digest;
  for (const auto& argv : questions) {
    Command command;
    command.argv = argv;
    command.env["LC_ALL"] = "C";
    command.limit = std::chrono::seconds(30);
    auto running = run_child(clock, std::move(command));
    const auto end = co_await std::move(running);
    if (!end.ok()) throw InfraError("'" + argv.front() + " -v' failed: " + end.output);
    digest.field(end.output);
  }
  co_return std::move(digest).hex();
}

}  // namespace kverdict
