#include "orchestrator/sources/tree_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/host/handle.hpp"

namespace kverdict::git {
namespace {

constexpr int k_directory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr unsigned k_max_depth = 1024;

using Directory = Handle<DIR, closedir>;

std::string_view parent_part(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string last_part(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

bool is_dots(std::string_view name) {
  return name == "." || name == "..";
}

std::vector<std::string> list(Fd directory) {
  Directory stream(fdopendir(directory.get()));
  std::vector<std::string> names;
  if (!stream) return names;
  directory.release();
  while (const auto* entry = readdir(stream.get()))
    if (!is_dots(entry->d_name)) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace

TreeFiles::TreeFiles(std::filesystem::path root) : root_path_(std::move(root)) {
  make_dirs(root_path_);
  root_ = open_file(root_path_, O_RDONLY | O_DIRECTORY);
}

void TreeFiles::fail(std::string_view verb, const std::string& path) const {
  throw_file_error(verb, root_path_ / path, errno);
}

// Opens one directory on the way. Something else in its place is in the way and goes.
Fd TreeFiles::step(int from, const std::string& name, Missing missing) {
  Fd next(openat(from, name.c_str(), k_directory));
  if (next || missing == Missing::tolerate) return next;
  if (errno == ENOTDIR || errno == ELOOP)
    unlinkat(from, name.c_str(), 0);
  else if (errno != ENOENT)
    return next;
  if (mkdirat(from, name.c_str(), 0777) != 0) return next;
  return Fd(openat(from, name.c_str(), k_directory));
}

int TreeFiles::parent_of(const std::string& path, Missing missing) {
  auto rest = parent_part(path);
  if (rest.empty()) return root_.get();
  if (parent_path_ == rest) return parent_.get();
  forget();
  const std::string parent_path(rest);
  Fd at;
  while (!rest.empty()) {
    const auto slash = std::min(rest.find('/'), rest.size());
    at = step(at ? at.get() : root_.get(), std::string(rest.substr(0, slash)), missing);
    if (!at && missing == Missing::make) fail("make the directory of", path);
    if (!at) return -1;
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  parent_ = std::move(at);
  parent_path_ = parent_path;
  return parent_.get();
}

void TreeFiles::write(const std::string& path, EntryKind kind, std::string_view content,
                      const timespec& stamp) {
  const int parent = parent_of(path, Missing::make);
  const auto name = last_part(path);
  remove_at(parent, name, 0);
  const timespec times[2] = {stamp, stamp};
  switch (kind) {
    case EntryKind::directory:
    case EntryKind::submodule:
      if (mkdirat(parent, name.c_str(), 0777) != 0) fail("make directory", path);
      return;
    case EntryKind::symlink:
      if (content.find('\0') != std::string_view::npos)
        throw UsageError("git: symlink " + path + " has a forbidden target");
      if (symlinkat(std::string(content).c_str(), parent, name.c_str()) != 0) fail("make symlink", path);
      utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
      return;
    case EntryKind::file:
    case EntryKind::executable:
      break;
  }
  const mode_t mode = kind == EntryKind::executable ? 0777 : 0666;
  const Fd file(openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) fail("create", path);
  write_all(file.get(), content, root_path_ / path);
  if (futimens(file.get(), times) != 0) fail("stamp", path);
}

void TreeFiles::remove(const std::string& path) {
  const int parent = parent_of(path, Missing::tolerate);
  if (parent < 0) return;
  remove_at(parent, last_part(path), 0);
  forget();
  for (auto above = parent_part(path); !above.empty(); above = parent_part(above)) {
    const std::string directory(above);
    const int holder = parent_of(directory, Missing::tolerate);
    if (holder < 0 || unlinkat(holder, last_part(directory).c_str(), AT_REMOVEDIR) != 0) return;
    forget();
  }
}

void TreeFiles::remove_at(int directory, const std::string& name, unsigned depth) {
  if (unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) fail("remove", name);
  if (unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0) return forget();
  if (depth > k_max_depth) fail("remove", name);
  forget();
  Fd inside(openat(directory, name.c_str(), k_directory));
  if (!inside) fail("remove", name);
  for (const auto& entry : list(Fd(openat(inside.get(), ".", k_directory))))
    remove_at(inside.get(), entry, depth + 1);
  if (unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0) fail("remove", name);
}

std::optional<struct stat> TreeFiles::status(const std::string& path) {
  const int parent = parent_of(path, Missing::tolerate);
  struct stat found {};
  if (parent < 0 || fstatat(parent, last_part(path).c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
    return std::nullopt;
  return found;
}

std::string TreeFiles::read(const std::string& path, EntryKind kind, std::size_t limit) {
  const int parent = parent_of(path, Missing::tolerate);
  const auto name = last_part(path);
  if (parent < 0) fail("read", path);
  std::string content(limit, '\0');
  if (kind == EntryKind::symlink) {
    const auto length = readlinkat(parent, name.c_str(), content.data(), content.size());
    if (length < 0) fail("read", path);
    content.resize(static_cast<std::size_t>(length));
    return content;
  }
  const Fd file(openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file) fail("read", path);
  std::size_t filled = 0;
  while (filled < content.size()) {
    const auto got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0) fail("read", path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  content.resize(filled);
  return content;
}

std::vector<std::string> TreeFiles::names_in(const std::string& directory) {
  const int at = directory.empty() ? root_.get() : parent_of(directory + "/.", Missing::tolerate);
  if (at < 0) return {};
  return list(Fd(openat(at, ".", k_directory)));
}

}  // namespace kverdict::git
