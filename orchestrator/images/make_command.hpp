// The command lines of a kernel build. Pure.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/images/build_options.hpp"
#include "runners/host/child.hpp"

namespace kverdict {

struct MakePlace {
  std::filesystem::path tree;    // sources, canonical
  std::filesystem::path output;  // canonical
  // Can make run in the output folder with the tree's Makefile (since Linux 5.4)? It saves a second make
  // and lets options through. Otherwise O= is given.
  bool direct = false;
  bool ccache = false;
};

// Does this top Makefile understand being run from the output folder?
bool understands_direct_make(std::string_view makefile);

// What of the tree is taken as current, so that make need not look.
enum class MakeScope {
  everything,
  objects,  // only these objects: generated files are current
  link,     // only vmlinux from its archives: objects and generated files are current
};

Command make_command(const MakePlace& place, const BuildOptions& options, MakeScope scope,
                     std::vector<std::string> targets);

// The compiler as make gets it: "gcc" or "ccache gcc", or what the user set as CC.
std::string compiler_of(const MakePlace& place, const BuildOptions& options);

}  // namespace kverdict
