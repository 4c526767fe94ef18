// What a host program needs to run in the guest: its ELF interpreter and shared libraries, or the
// interpreter of a script with those. Programs are read, never executed.
//
// Libraries are looked for as ld.so(8) does it: RPATH, RUNPATH (with $ORIGIN), the loader's cache, the
// default folders. What a program opens by itself at run time (plugins, locales) is not found: it belongs
// into the configuration's list of files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "workloads/workload.hpp"

namespace kverdict {

struct LibrarySearch {
  std::filesystem::path cache = "/etc/ld.so.cache";
  std::vector<std::filesystem::path> directories;  // empty = the usual ones of the program's architecture
};

struct GuestLink {
  std::string inside;
  std::string target;
  bool operator==(const GuestLink&) const = default;
};

struct ProgramClosure {
  std::vector<GuestFile> files;  // sorted by `inside`; the given ones included
  std::vector<GuestLink> links;  // for libraries outside the folders that the guest's loader searches
};

// Adds to `files` what the programs among them (mode has an x bit, in the guest or on the host) need.
// Folders are taken with everything in them. Throws UsageError naming the file and what is missing.
ProgramClosure with_dependencies(const std::vector<GuestFile>& files, const LibrarySearch& search = {});

}  // namespace kverdict
