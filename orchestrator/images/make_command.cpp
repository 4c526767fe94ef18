#include "orchestrator/images/make_command.hpp"

#include <algorithm>
#include <thread>

#include "orchestrator/images/configuration.hpp"

namespace kverdict {
namespace {

// Equal sources must give equal kernels, whoever builds them, when, and with what in the environment.
std::map<std::string, std::string> environment(const MakePlace& place, const BuildOptions& options) {
  std::map<std::string, std::string> env = {
      {"LC_ALL", "C"},
      {"KBUILD_BUILD_USER", "kverdict"},
      {"KBUILD_BUILD_HOST", "kverdict"},
      {"KBUILD_BUILD_VERSION", "1"},
      {"KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 1970"},
      {"KCONFIG_NOTIMESTAMP", "1"},
  };
  for (const char* name :
       {"MAKEFLAGS", "MFLAGS", "MAKEFILES", "KBUILD_OUTPUT", "KCFLAGS", "KAFLAGS", "KCPPFLAGS",
        "KBUILD_EXTMOD", "CROSS_COMPILE", "LDFLAGS", "CFLAGS", "INSTALL_MOD_PATH"})
    env[name] = "";
  if (!place.ccache) return env;
  env["CCACHE_DIR"] = (options.cache / "ccache").string();
  env["CCACHE_DEPEND"] = "1";     // take dependencies from the compiler: no second preprocessor run
  env["CCACHE_NOHASHDIR"] = "1";  // output folders share
  env["CCACHE_BASEDIR"] = place.output.parent_path().string();
  env["CCACHE_MAXSIZE"] = "5G";
  return env;
}

unsigned jobs_of(const BuildOptions& options) {
  return options.jobs > 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

bool understands_direct_make(std::string_view makefile) {
  return makefile.find("\nabs_srctree := $(realpath $(dir $(") != std::string_view::npos &&
         makefile.find("\nexport sub_make_done := 1") != std::string_view::npos;
}

std::string compiler_of(const MakePlace& place, const BuildOptions& options) {
  const auto given = options.make_variables.find("CC");
  const bool llvm = options.make_variables.contains("LLVM");
  const std::string usual = llvm ? "clang" : "gcc";
  const auto compiler = given == options.make_variables.end() ? usual : given->second;
  return place.ccache && compiler.find("ccache") == std::string::npos ? "ccache " + compiler : compiler;
}

Command make_command(const MakePlace& place, const BuildOptions& options, MakeScope scope,
                     std::vector<std::string> targets) {
  Command command;
  // -rR: without it the first make looks for ways to make the Makefile itself, for a second.
  command.argv = {"make", "-rR", "-j" + std::to_string(jobs_of(options))};
  auto add = [&](std::string word) { command.argv.push_back(std::move(word)); };
  if (place.direct) {
    command.directory = place.output;
    for (const char* word : {"-f", "Makefile"}) add(word);
    command.argv.back() = (place.tree / "Makefile").string();
  } else {
    command.directory = place.tree;
    add("O=" + place.output.string());
  }
  if (scope != MakeScope::everything)
    for (const char* word : {"-o", "prepare"}) add(word);
  if (scope == MakeScope::link)
    for (const char* word : {"-o", ".", "-o", "descend"}) add(word);
  add("ARCH=" + options.arch);
  add("LOCALVERSION=" + std::string(k_local_version));
  if (place.ccache && !options.make_variables.contains("LLVM")) add("HOSTCC=ccache gcc");
  for (const auto& [name, value] : options.make_variables)
    if (name != "CC") add(name + "=" + value);
  const auto compiler = compiler_of(place, options);
  if (compiler != "gcc") add("CC=" + compiler);
  for (auto& target : targets) add(std::move(target));
  command.env = environment(place, options);
  command.niceness = options.niceness;
  return command;
}

}  // namespace kverdict
