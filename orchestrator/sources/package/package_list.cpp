#include "orchestrator/sources/package/package_list.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <tuple>

#include "orchestrator/sources/package/package_file.hpp"
#include "orchestrator/sources/package/version_order.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_largest_list = 4 << 20;
constexpr std::size_t k_most_files = 20'000;

OfferedFile offered_by_package(const fs::path& path) {
  auto facts = read_package_file(path);
  return {facts.kind, std::move(facts.file), std::move(facts.release), {}};
}

KernelName name_of(const OfferedFile& offered) {
  auto name = kernel_name(offered.kind, offered.file);
  if (!offered.release.empty()) name.release = offered.release;
  return name;
}

bool is_kernel_part(const OfferedFile& offered) {
  return name_of(offered).role != PackageRole::other;
}

void require_kernel(const OfferedFile& offered) {
  if (!is_kernel_part(offered))
    throw UsageError(
        offered.file.where + ": " + offered.file.name +
        " is no kernel package (a kernel's name is like linux-image-6.1.0-50-amd64 or kernel-core)");
}

std::vector<OfferedFile> offered_by_directory(const fs::path& directory) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (looks_like_package(entry.path().native())) paths.push_back(entry.path());
  if (error) throw UsageError(directory.string() + ": " + error.message());
  std::sort(paths.begin(), paths.end());
  std::vector<OfferedFile> offered;
  for (const auto& path : paths) {
    auto file = offered_by_package(path);
    if (is_kernel_part(file)) offered.push_back(std::move(file));
  }
  if (offered.empty())
    throw UsageError(directory.string() + ": none of its " + std::to_string(paths.size()) +
                     " packages is a kernel; give the directory with the .deb or .rpm files of kernels");
  return offered;
}

bool is_url(std::string_view text) {
  return text.find("://") != std::string_view::npos;
}

std::string checksum(const std::string& word, const std::string& where) {
  const std::string hex = word.starts_with("sha256:") ? word.substr(7) : "";
  if (hex.size() != 64 || hex.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw UsageError(where + ": '" + word.substr(0, 100) +
                     "' is no checksum; write sha256: and 64 lower-case hex digits");
  return hex;
}

// One line of a list, without its comment.
std::optional<OfferedFile> read_line(const std::string& line, const fs::path& list,
                                     const std::string& where) {
  std::istringstream words(line.substr(0, line.find('#')));
  std::string place, sum, more;
  if (!(words >> place)) return std::nullopt;
  words >> sum >> more;
  if (!more.empty()) throw UsageError(where + ": more than a path or URL and a checksum");
  auto offered = is_url(place) ? offered_by_url(place)
                               : offered_by_package((list.parent_path() / place).lexically_normal());
  if (!sum.empty()) offered.file.sha256 = checksum(sum, where);
  require_kernel(offered);
  return offered;
}

std::vector<OfferedFile> offered_by_list(const fs::path& list) {
  std::istringstream lines(read_file(list, k_largest_list));
  std::vector<OfferedFile> offered;
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto where = list.string() + ":" + std::to_string(++number);
    if (line.find('\0') != std::string::npos)
      throw UsageError(list.string() + ": neither a package nor a text file that lists packages");
    if (auto file = read_line(line, list, where)) offered.push_back(std::move(*file));
    if (offered.size() > k_most_files)
      throw UsageError(where + ": more than " + std::to_string(k_most_files) + " packages");
  }
  if (offered.empty()) throw UsageError(list.string() + ": lists no package");
  return offered;
}

std::vector<OfferedFile> offered_by_path(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return offered_by_directory(path);
  if (!fs::exists(path, error)) throw UsageError(path.string() + ": does not exist");
  if (!looks_like_package(path.native())) return offered_by_list(path);
  auto offered = offered_by_package(path);
  require_kernel(offered);
  return {std::move(offered)};
}

// ---- files become kernels

struct Found {
  Package package;
  bool unsigned_twin = false;
  bool whole = false;  // its kernel is there, not only modules
};

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + (word.empty() ? "(none)" : word);
  return text;
}

void require_one_kind(const std::vector<OfferedFile>& offered) {
  for (const auto& file : offered)
    if (file.kind != offered.front().kind)
      throw UsageError("the list mixes deb and rpm (" + offered.front().file.where + ", " + file.file.where +
                       "); versions of two distributions have no common order");
}

void require_machine(const OfferedFile& offered) {
  if (fits_machine(offered.kind, offered.file.architecture)) return;
  throw UsageError(offered.file.where + ": is for the architecture '" + offered.file.architecture +
                   "'; the guests are x86-64 (" + (offered.kind == PackageKind::deb ? "amd64" : "x86_64") +
                   ")");
}

void require_one_flavour(const std::vector<OfferedFile>& offered) {
  std::set<std::string> flavours;
  for (const auto& file : offered) flavours.insert(name_of(file).flavour);
  if (flavours.size() > 1)
    throw UsageError("the list mixes flavours of the kernel: " + joined(flavours) +
                     "; choose one with source.flavour (--flavour)");
}

// The file with the kernel first; of two, RHEL's kernel-core holds it and kernel is only a name.
bool before(const PackageFile& a, const PackageFile& b) {
  const auto rank = [](const PackageFile& file) {
    const bool modules = file.name.find("-modules") != std::string::npos;
    return modules ? 2 : file.name.ends_with("-core") ? 0 : 1;
  };
  return std::tuple(rank(a), a.name) < std::tuple(rank(b), b.name);
}

void add_suites(std::vector<std::string>& suites, const std::vector<std::string>& more) {
  for (const auto& suite : more)
    if (std::find(suites.begin(), suites.end(), suite) == suites.end()) suites.push_back(suite);
  std::sort(suites.begin(), suites.end());
}

void add_file(Found& found, const OfferedFile& offered, const KernelName& name) {
  auto& package = found.package;
  add_suites(package.suites, offered.suites);
  if (name.role == PackageRole::kernel) {
    // Two offers of the same kernel: the signed one is what people run.
    const bool better = !found.whole || (found.unsigned_twin && !name.unsigned_twin);
    if (found.whole && found.unsigned_twin != name.unsigned_twin) {
      if (!better) return;
      std::erase_if(package.files, [&](const PackageFile& file) {
        return kernel_name(offered.kind, file).role == PackageRole::kernel;
      });
    }
    found.unsigned_twin = name.unsigned_twin;
    found.whole = true;
  }
  const auto same_name = [&](const PackageFile& file) { return file.name == offered.file.name; };
  if (std::none_of(package.files.begin(), package.files.end(), same_name))
    package.files.push_back(offered.file);
}

Package finish(Package package) {
  std::sort(package.files.begin(), package.files.end(), before);
  // An empty "kernel" beside kernel-core only names it.
  if (package.files.size() > 1 && package.files.front().name.ends_with("-core"))
    std::erase_if(package.files, [&](const PackageFile& file) { return file.name == package.flavour; });
  return package;
}

void sort_by_version(std::vector<Package>& packages) {
  std::stable_sort(packages.begin(), packages.end(), [](const Package& a, const Package& b) {
    return compare_versions(a.kind, a.version, b.version) < 0;
  });
  for (std::size_t i = 1; i < packages.size(); ++i) {
    const auto &a = packages[i - 1], &b = packages[i];
    if (compare_versions(a.kind, a.version, b.version) == 0)
      throw UsageError("two kernels have the version " + a.version + ": " + a.files.front().name + " and " +
                       b.files.front().name + "; leave one of them out");
  }
}

}  // namespace

OfferedFile offered_by_url(const std::string& url) {
  auto named = read_file_name(url);
  OfferedFile offered;
  offered.kind = named.kind;
  offered.file = std::move(named.file);
  require_kernel(offered);
  return offered;
}

std::vector<OfferedFile> offered_by_files(const std::vector<fs::path>& files) {
  std::vector<OfferedFile> all;
  for (const auto& path : files)
    for (auto& offered : offered_by_path(path)) all.push_back(std::move(offered));
  return all;
}

std::vector<Package> assemble(const std::vector<OfferedFile>& offered, const std::string& flavour) {
  std::vector<OfferedFile> wanted;
  for (const auto& file : offered)
    if (flavour.empty() || name_of(file).flavour == flavour) wanted.push_back(file);
  if (wanted.empty() && !offered.empty()) {
    std::set<std::string> there;
    for (const auto& file : offered) there.insert(name_of(file).flavour);
    throw UsageError("source.flavour: no kernel of the flavour '" + flavour +
                     "' in the list; there are: " + joined(there));
  }
  if (wanted.empty())
    throw UsageError("the list of packages is empty; name some with source.packages or source.files");
  require_one_kind(wanted);
  for (const auto& file : wanted) require_machine(file);
  require_one_flavour(wanted);
  std::map<std::tuple<std::string, std::string>, Found> kernels;  // by version and release
  for (const auto& file : wanted) {
    const auto name = name_of(file);
    auto& found = kernels[{file.file.version, name.release}];
    found.package.kind = file.kind;
    found.package.version = file.file.version;
    found.package.release = name.release;
    found.package.flavour = name.flavour;
    add_file(found, file, name);
  }
  std::vector<Package> packages;
  for (auto& [key, found] : kernels) {
    if (!found.whole)
      throw UsageError(found.package.files.front().where + ": modules without their kernel (" +
                       found.package.version + "); add the package that holds the kernel");
    packages.push_back(finish(std::move(found.package)));
  }
  sort_by_version(packages);
  return packages;
}

}  // namespace kverdict
