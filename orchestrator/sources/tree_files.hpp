// Files below one directory, never outside of it: no symlink is followed on the way, so that a tree cannot
// reach out through one. Failures are InfraErrors that name the file.
#pragma once

#include <sys/stat.h>
#include <time.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/sources/tree_diff.hpp"
#include "runners/host/fd.hpp"

namespace kverdict::git {

class TreeFiles {
 public:
  explicit TreeFiles(std::filesystem::path root);  // made when it is not there

  // Puts content where whatever was there before; parents are made. Submodules become empty directories.
  void write(const std::string& path, EntryKind kind, std::string_view content, const timespec& stamp);
  // Removes the file, or the directory with all in it, and parents that are empty then.
  void remove(const std::string& path);

  std::optional<struct stat> status(const std::string& path);
  std::string read(const std::string& path, EntryKind kind, std::size_t limit);  // a symlink's target
  std::vector<std::string> names_in(const std::string& directory);               // without . and ..

  // Others may have moved directories since the last call.
  void forget() { parent_path_.reset(); }

 private:
  enum class Missing { make, tolerate };
  // The directory of `path`, or none when it is not there.
  int parent_of(const std::string& path, Missing missing);
  Fd step(int from, const std::string& name, Missing missing);
  void remove_at(int directory, const std::string& name, unsigned depth);
  [[noreturn]] void fail(std::string_view verb, const std::string& path) const;

  std::filesystem::path root_path_;
  Fd root_;
  std::optional<std::string> parent_path_;  // of parent_
  Fd parent_;
};

}  // namespace kverdict::git
