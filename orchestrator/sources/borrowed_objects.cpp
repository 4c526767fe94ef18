#include "orchestrator/sources/borrowed_objects.hpp"

#include <git2/sys/odb_backend.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict::git {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t k_max_stores = 64;
constexpr std::size_t k_max_alternates_file = 1 << 20;

[[noreturn]] void fail(const fs::path& directory) {
  throw UsageError("git: cannot use the objects in " + directory.string() + ": " + last_error());
}

// The objects directories that one borrows from, as its info/alternates says.
std::vector<fs::path> alternates_of(const fs::path& objects) {
  std::vector<fs::path> result;
  std::istringstream lines(
      read_file_if_there(objects / "info" / "alternates", k_max_alternates_file).value_or(""));
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && line[0] != '#') result.push_back((objects / line).lexically_normal());
  return result;
}

std::vector<fs::path> stores_of(git_repository* clone) {
  std::vector<fs::path> stores{fs::path(git_repository_commondir(clone)) / "objects"};
  for (std::size_t i = 0; i < stores.size(); ++i)
    for (const auto& alternate : alternates_of(stores[i])) {
      if (std::ranges::find(stores, alternate) != stores.end()) continue;
      if (stores.size() == k_max_stores)
        throw UsageError("git: " + stores.front().string() +
                         " borrows from too many repositories; `git repack -a` in it ends that");
      stores.push_back(alternate);
    }
  return stores;
}

void add_read_only(git_odb* odb, git_odb_backend* backend, int priority, const fs::path& directory) {
  backend->write = nullptr;
  backend->writestream = nullptr;
  backend->writepack = nullptr;
  backend->freshen = nullptr;
  if (git_odb_add_alternate(odb, backend, priority) < 0) fail(directory);
}

void add_store(git_odb* odb, const fs::path& directory, int priority) {
  git_odb_backend* packed = nullptr;
  if (git_odb_backend_pack(&packed, directory.c_str()) < 0) fail(directory);
  add_read_only(odb, packed, priority, directory);
  git_odb_backend* loose = nullptr;
  if (git_odb_backend_loose(&loose, directory.c_str(), -1, 0, 0, 0) < 0) fail(directory);
  add_read_only(odb, loose, priority - 1, directory);
}

}  // namespace

Odb borrow_objects(const fs::path& own, git_repository* clone) {
  const auto stores = stores_of(clone);
  make_dirs(own / "info");
  std::string alternates;
  for (const auto& store : stores) alternates += fs::absolute(store).string() + "\n";
  write_file(own / "info" / "alternates", alternates);

  Odb odb;
  if (git_odb_new(odb.out()) < 0) fail(own);
  git_odb_backend* loose = nullptr;
  if (git_odb_backend_loose(&loose, own.c_str(), 1, 0, 0, 0) < 0 ||
      git_odb_add_backend(odb.get(), loose, 1000) < 0)
    fail(own);
  int priority = 900;
  for (const auto& store : stores) add_store(odb.get(), store, priority -= 2);
  return odb;
}

}  // namespace kverdict::git
