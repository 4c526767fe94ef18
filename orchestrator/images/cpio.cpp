#include "orchestrator/images/cpio.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <limits>

#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_max_path = 4095;

// The archive's name of a path: no leading slash, no empty, "." or ".." part.
std::string name_in_archive(std::string_view path) {
  std::string name;
  const std::string whole(path);
  if (path.empty() || path[0] != '/') throw UsageError("guest path '" + whole + "' is not absolute");
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size() == path.size() ? path.size() : part.size() + 1);
    if (part.empty()) continue;
    if (part == "." || part == ".." || part.find('\0') != std::string_view::npos)
      throw UsageError("guest path '" + whole + "' must not contain '.' or '..' parts");
    if (!name.empty()) name += '/';
    name += part;
  }
  if (name.empty() || name.size() > k_max_path) throw UsageError("guest path '" + whole + "' cannot be used");
  return name;
}

void pad(std::string& archive, std::size_t multiple) {
  archive.append((multiple - archive.size() % multiple) % multiple, '\0');
}

struct Header {
  unsigned inode = 0, mode = 0, links = 1;
  std::size_t size = 0;
  unsigned major = 0, minor = 0;
};

void append(std::string& archive, const Header& header, const std::string& name, const std::string& content) {
  char text[111];
  std::snprintf(text, sizeof text, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", header.inode,
                header.mode, 0U, 0U, header.links, 0U, static_cast<unsigned>(header.size), 0U, 0U,
                header.major, header.minor, static_cast<unsigned>(name.size() + 1), 0U);
  archive.append(text, 110);
  archive.append(name.c_str(), name.size() + 1);
  pad(archive, 4);
  archive += content;
  pad(archive, 4);
}

}  // namespace

void CpioArchive::directory(std::string_view path, unsigned mode) {
  add(path, {S_IFDIR | (mode & 07777), 0, 0, {}});
}

void CpioArchive::file(std::string_view path, std::string content, unsigned mode) {
  if (content.size() > std::numeric_limits<std::uint32_t>::max())
    throw UsageError("guest file '" + std::string(path) +
                     "' is larger than 4 GiB: an initramfs cannot hold it");
  add(path, {S_IFREG | (mode & 07777), 0, 0, std::move(content)});
}

void CpioArchive::symlink(std::string_view path, std::string target) {
  if (target.empty() || target.size() > k_max_path)
    throw UsageError("guest link '" + std::string(path) + "' has an impossible target");
  add(path, {S_IFLNK | 0777, 0, 0, std::move(target)});
}

void CpioArchive::character_device(std::string_view path, unsigned major, unsigned minor, unsigned mode) {
  add(path, {S_IFCHR | (mode & 07777), major, minor, {}});
}

bool CpioArchive::contains(std::string_view path) const {
  return entries_.contains(name_in_archive(path));
}

void CpioArchive::add(std::string_view path, Entry entry) {
  auto name = name_in_archive(path);
  for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const auto [parent, fresh] = entries_.try_emplace(name.substr(0, slash), Entry{S_IFDIR | 0755, 0, 0, {}});
    if (!fresh && !S_ISDIR(parent->second.mode))
      throw UsageError("guest path '/" + name + "' lies below '/" + parent->first +
                       "', which is no directory");
  }
  const auto [old, fresh] = entries_.try_emplace(std::move(name), entry);
  if (fresh || old->second == entry) return;
  if (!S_ISDIR(old->second.mode) || !S_ISDIR(entry.mode))
    throw UsageError("two different files want the place '/" + old->first + "' in the guest");
  old->second = std::move(entry);  // a directory made as a parent gets the mode it was then given
}

std::string CpioArchive::finish() && {
  std::size_t total = 512;
  for (const auto& [name, entry] : entries_) total += 110 + name.size() + entry.content.size() + 8;
  std::string archive;
  archive.reserve(total);
  unsigned inode = 0;
  for (const auto& [name, entry] : entries_) {
    Header header;
    header.inode = ++inode;
    header.mode = entry.mode;
    header.links = S_ISDIR(entry.mode) ? 2 : 1;
    header.size = entry.content.size();
    header.major = entry.major;
    header.minor = entry.minor;
    append(archive, header, name, entry.content);
  }
  append(archive, {}, "TRAILER!!!", {});
  pad(archive, 512);
  return archive;
}

}  // namespace kverdict
