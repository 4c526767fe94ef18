// Writes a cpio archive in the "newc" format the kernel unpacks (Documentation/driver-api/early-userspace/
// buffer-format.rst). Pure: equal entries give equal bytes, whatever order they were added in. Archives may
// be concatenated; a later entry replaces an earlier one of the same name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace kverdict {

class CpioArchive {
 public:
  // Paths are absolute and name no "." or ".."; missing parents are made as directories of mode 0755.
  // Throws UsageError for a path or size the format cannot hold, and when two different things want the
  // same path (equal things may be added twice).
  void directory(std::string_view path, unsigned mode = 0755);
  void file(std::string_view path, std::string content, unsigned mode = 0644);
  void symlink(std::string_view path, std::string target);
  void character_device(std::string_view path, unsigned major, unsigned minor, unsigned mode);

  bool contains(std::string_view path) const;
  std::string finish() &&;  // with trailer, padded to 512 bytes

 private:
  struct Entry {
    unsigned mode = 0;  // with file type
    unsigned major = 0, minor = 0;
    std::string content;
    bool operator==(const Entry&) const = default;
  };
  void add(std::string_view path, Entry entry);

  std::map<std::string, Entry, std::less<>> entries_;  // by path without leading slash: parents come first
};

}  // namespace kverdict
