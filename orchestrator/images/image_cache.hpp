// Built kernels, kept by what they are made of, so that a kernel asked for again is not built again.
//
// One directory per kernel, added by a rename: readers see a whole entry or none. Several processes may
// share a cache; a process that dies at any point leaves at most a folder that the next writer removes.
// The kernels used last stay when the limit is reached. A damaged entry is removed when it is found.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runners/boot.hpp"
#include "runners/host/fd.hpp"

namespace kverdict {

// A kernel as it is added, and as it is found.
struct StoredImage {
  KernelImage image;                  // added: files anywhere; found: inside the cache
  std::string code_digest;            // see kernel_file.hpp
  std::filesystem::path system_map;   // empty = none
  std::filesystem::path config;       // empty = none
  std::filesystem::path changelog;    // of a package, gzip; empty = none
  std::vector<std::string> warnings;  // what the user is told whenever this kernel is used
};

// How files get into the cache: links are for those that nobody writes to again, and cost nothing.
enum class Taking { copies, links };

class ImageCache {
 public:
  // Blocking calls all; one ImageCache belongs to one thread at a time.
  ImageCache(std::filesystem::path directory, std::uint64_t limit);

  // `key` is a digest in hex. Marks the entry as used and keeps other processes from removing it while
  // this object lives (the last few found or added, not all).
  std::optional<StoredImage> find(const std::string& key);
  // Takes the files in; returns the entry. When another process was faster, its entry. Links need files on
  // the cache's own file system.
  StoredImage add(const std::string& key, const StoredImage& made, Taking taking = Taking::copies);

 private:
  std::filesystem::path entry(const std::string& key) const { return directory_ / key; }
  void keep(const std::filesystem::path& entry);
  void trim();

  std::filesystem::path directory_;
  std::uint64_t limit_;
  std::deque<std::pair<std::filesystem::path, Fd>> kept_;  // shared locks, oldest first
  std::set<std::string> verified_;  // kernel files whose digest this object has checked
};

}  // namespace kverdict
