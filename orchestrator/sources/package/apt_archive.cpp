#include "orchestrator/sources/package/apt_archive.hpp"

#include <apt-pkg/acquire-item.h>
#include <apt-pkg/acquire.h>
#include <apt-pkg/cachefile.h>
#include <apt-pkg/configuration.h>
#include <apt-pkg/error.h>
#include <apt-pkg/indexfile.h>
#include <apt-pkg/init.h>
#include <apt-pkg/metaindex.h>
#include <apt-pkg/pkgcache.h>
#include <apt-pkg/pkgrecords.h>
#include <apt-pkg/pkgsystem.h>
#include <apt-pkg/sourcelist.h>
#include <apt-pkg/update.h>
#include <fnmatch.h>

#include <algorithm>
#include <optional>
#include <set>

#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_architecture = "amd64";

// What the library has to say since the last time, one line; its stack of messages is empty then.
struct Said {
  std::string errors;
  std::vector<std::string> warnings;
};

Said what_apt_said() {
  Said said;
  while (!_error->empty()) {
    std::string text;
    const bool error = _error->PopMessage(text);
    std::replace(text.begin(), text.end(), '\n', ' ');
    if (error)
      said.errors += (said.errors.empty() ? "" : "; ") + text;
    else
      said.warnings.push_back(text);
  }
  return said;
}

void set_directory(const char* key, const fs::path& path) {
  make_dirs(path);
  _config->Set(key, path.string() + "/");
}

// The archives that the configuration names, as files that apt reads.
void write_sources(const AptSettings& settings) {
  const auto parts = settings.directory / "sources.list.d";
  std::error_code error;
  fs::remove_all(parts, error);
  make_dirs(parts);
  std::string lines;
  unsigned number = 0;
  for (const auto& archive : settings.archives) {
    if (!archive.starts_with('/')) {
      lines += archive + "\n";
      continue;
    }
    const fs::path file = archive;
    if (file.extension() != ".list" && file.extension() != ".sources")
      throw UsageError("source.archives: '" + archive + "' is neither a .list nor a .sources file of apt");
    write_file(parts / (std::to_string(++number) + file.extension().string()), read_file(file, 1 << 20));
  }
  write_file(settings.directory / "sources.list", lines);
  _config->Set("Dir::Etc::sourcelist", (settings.directory / "sources.list").string());
  _config->Set("Dir::Etc::sourceparts", parts.string());
}

// The host's configuration (proxies, certificates), with every place and side effect of ours.
void configure(const AptSettings& settings) {
  if (!pkgInitConfig(*_config))
    throw InfraError("apt's configuration cannot be read: " + what_apt_said().errors);
  for (const char* hook :
       {"APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success",
        "Acquire::Languages", "Acquire::IndexTargets::deb"})
    _config->Clear(hook);
  // Package indexes only.
  _config->Set("Acquire::IndexTargets::deb::Packages::MetaKey",
               "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages");
  _config->Set("Acquire::IndexTargets::deb::Packages::flatMetaKey", "Packages");
  _config->Set("Acquire::IndexTargets::deb::Packages::ShortDescription", "Packages");
  _config->Set("Acquire::IndexTargets::deb::Packages::Description",
               "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages");
  _config->Set("Acquire::IndexTargets::deb::Packages::flatDescription", "$(RELEASE) Packages");
  _config->Set("Acquire::IndexTargets::deb::Packages::Optional", "0");
  _config->Set("Acquire::Languages::", "none");
  _config->Set("Acquire::Retries", "3");
  _config->Set("APT::Architecture", k_architecture);
  _config->Clear("APT::Architectures");
  _config->Set("APT::Architectures::", k_architecture);
  _config->Set("APT::Sandbox::User", "");
  set_directory("Dir::State", settings.directory / "state");
  set_directory("Dir::State::lists", settings.directory / "state/lists");
  set_directory("Dir::Cache", settings.directory / "cache");
  make_dirs(settings.directory / "state/lists/partial");
  make_dirs(settings.directory / "cache/archives/partial");
  _config->Set("Dir::State::status", "/dev/null");
  if (!settings.archives.empty()) write_sources(settings);
  if (!pkgInitSystem(*_config, _system)) throw InfraError("apt cannot be used: " + what_apt_said().errors);
}

class Quiet final : public pkgAcquireStatus {
 public:
  bool MediaChange(std::string, std::string) override { return false; }
};

std::string shown(const pkgAcquire::Item& item) {
  return item.DescURI() + ": " + (item.ErrorText.empty() ? "cannot be fetched" : item.ErrorText);
}

// Fetches the indexes that changed. Signatures are a matter of trust: one that is wrong ends it, whatever
// older indexes there are.
std::vector<std::string> update(pkgSourceList& sources) {
  Quiet quiet;
  pkgAcquire acquire(&quiet);
  if (!sources.GetIndexes(&acquire)) throw UsageError("source.archives: " + what_apt_said().errors);
  const bool done = AcquireUpdate(acquire, 0, false, false);
  const auto said = what_apt_said();
  std::vector<std::string> warnings;
  for (auto item = acquire.ItemsBegin(); item != acquire.ItemsEnd(); ++item) {
    if ((*item)->Status == pkgAcquire::Item::StatAuthError)
      throw UsageError("source.archives: " + shown(**item) +
                       "; the archive's signature is not valid, nothing of it is used");
    if ((*item)->Status == pkgAcquire::Item::StatError ||
        (*item)->Status == pkgAcquire::Item::StatTransientNetworkError)
      warnings.push_back(shown(**item));
  }
  for (const auto& text : said.warnings)
    if (text.find("GPG error") != std::string::npos)
      throw UsageError("source.archives: " + text +
                       "; the archive's signature is not valid, nothing of it is used");
  if (said.errors.find("is not signed") != std::string::npos ||
      said.errors.find("GPG error") != std::string::npos)
    throw UsageError("source.archives: " + said.errors);
  if (!done && warnings.empty()) warnings.push_back(said.errors);
  return warnings;
}

// ---- what is offered

// A metapackage stands for its flavour: "linux-image-6.12-cloud-amd64" -> series "6.12", flavour
// "cloud-amd64".
struct Family {
  std::string series;  // empty = all
  std::string flavour;
};

bool is_series(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool depends_on_kernel(const pkgCache::VerIterator& version) {
  for (auto dependency = version.DependsList(); !dependency.end(); ++dependency)
    if (dependency->Type == pkgCache::Dep::Depends &&
        std::string_view(dependency.TargetPkg().Name()).starts_with("linux-image-"))
      return true;
  return false;
}

// The kernel that a metapackage asks for, as its flavour; none when this is no metapackage.
std::optional<Family> family_of(pkgCache& cache, const std::string& name) {
  auto group = cache.FindGrp(name);
  if (group.end()) return std::nullopt;
  auto package = group.FindPkg(k_architecture);
  if (package.end()) return std::nullopt;
  for (auto version = package.VersionList(); !version.end(); ++version)
    for (auto dependency = version.DependsList(); !dependency.end(); ++dependency) {
      PackageFile target;
      target.name = dependency.TargetPkg().Name();
      const auto kernel = kernel_name(PackageKind::deb, target);
      if (dependency->Type != pkgCache::Dep::Depends || kernel.role != PackageRole::kernel) continue;
      Family family;
      family.flavour = kernel.flavour;
      const auto rest = name.substr(std::min(name.size(), std::string_view("linux-image-").size()));
      if (const auto word = rest.substr(0, rest.find('-')); is_series(word)) family.series = word;
      return family;
    }
  return std::nullopt;
}

bool in_series(const std::string& release, const std::string& series) {
  return series.empty() || (release.starts_with(series) && release.size() > series.size() &&
                            std::string_view(".-+").find(release[series.size()]) != std::string_view::npos);
}

// Does the wish cover this package?
class Wish {
 public:
  Wish(pkgCache& cache, const std::string& name) : name_(name), family_(family_of(cache, name)) {}

  bool covers(const std::string& package) const {
    PackageFile file;
    file.name = package;
    const auto kernel = kernel_name(PackageKind::deb, file);
    if (kernel.role == PackageRole::other) return false;
    if (family_) return kernel.flavour == family_->flavour && in_series(kernel.release, family_->series);
    if (::fnmatch(name_.c_str(), package.c_str(), 0) == 0) return true;
    return kernel.role == PackageRole::modules && kernel.release == release_of_name();
  }

 private:
  std::string release_of_name() const {
    PackageFile file;
    file.name = name_;
    return kernel_name(PackageKind::deb, file).release;
  }

  const std::string& name_;
  std::optional<Family> family_;
};

// One version of one package, with the place it is fetched from.
std::optional<OfferedFile> offered_version(pkgCacheFile& opened, pkgRecords& records,
                                           const pkgCache::VerIterator& version) {
  OfferedFile offered;
  for (auto place = version.FileList(); !place.end(); ++place) {
    pkgIndexFile* index = nullptr;
    if (!opened.GetSourceList()->FindIndex(place.File(), index) || index == nullptr) continue;
    auto& record = records.Lookup(place);
    const char* archive =
        place.File().Codename() != nullptr ? place.File().Codename() : place.File().Archive();
    if (archive != nullptr && *archive != '\0') offered.suites.emplace_back(archive);
    if (!offered.file.where.empty()) continue;
    const auto hashes = record.Hashes();
    const auto* sha256 = hashes.find("SHA256");
    offered.file.where = index->ArchiveURI(record.FileName());
    offered.file.sha256 = sha256 == nullptr ? "" : sha256->HashValue();
    offered.file.size = version->Size;
  }
  if (offered.file.where.empty()) return std::nullopt;
  offered.file.name = version.ParentPkg().Name();
  offered.file.version = version.VerStr();
  offered.file.architecture = version.Arch();
  return offered;
}

std::vector<OfferedFile> offered_kernels(pkgCacheFile& opened, const Wish& wish) {
  auto& cache = *opened.GetPkgCache();
  pkgRecords records(opened);
  std::vector<OfferedFile> files;
  for (auto package = cache.PkgBegin(); !package.end(); ++package) {
    if (package->VersionList == 0 || !wish.covers(package.Name())) continue;
    for (auto version = package.VersionList(); !version.end(); ++version) {
      if (depends_on_kernel(version)) continue;  // another metapackage
      auto offered = offered_version(opened, records, version);
      if (offered) files.push_back(std::move(*offered));
    }
  }
  return files;
}

std::string archive_names(const pkgSourceList& sources) {
  std::string text;
  for (const auto* archive : sources)
    text += (text.empty() ? "" : ", ") + archive->GetURI() + " " + archive->GetDist();
  return text;
}

}  // namespace

AptOffer offered_by_apt(const AptSettings& settings, const std::vector<std::string>& names) {
  configure(settings);
  pkgCacheFile opened;
  auto* sources = opened.GetSourceList();
  if (sources == nullptr || sources->empty()) {
    const auto said = what_apt_said().errors;
    throw UsageError("source.archives: " + (said.empty() ? std::string("apt knows no archive") : said) +
                     "; write lines like \"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
                     "http://deb.debian.org/debian bookworm main\"");
  }
  AptOffer offer;
  offer.warnings = update(*sources);
  auto* cache = opened.GetPkgCache();
  if (cache == nullptr) throw InfraError("apt cannot read its indexes: " + what_apt_said().errors);
  for (const auto& name : names) {
    auto files = offered_kernels(opened, Wish(*cache, name));
    const auto reached = offer.warnings.empty() ? std::string() : "; " + offer.warnings.front();
    if (files.empty() && !offer.warnings.empty())
      throw InfraError("no kernel package '" + name + "' in what could be read of the archives" + reached);
    if (files.empty())
      throw UsageError("no archive offers a kernel package '" + name +
                       "'; asked: " + archive_names(*sources));
    for (auto& file : files) offer.files.push_back(std::move(file));
  }
  what_apt_said();
  return offer;
}

std::vector<std::string> fetch_command(const PackageFile& file, const fs::path& destination,
                                       std::uint64_t most_bytes) {
  auto uri = file.where;
  if (uri.starts_with("file:")) uri.replace(0, 4, "copy");  // apt's file method leaves a link, no copy
  std::vector<std::string> argv = {"prlimit",
                                   "--fsize=" + std::to_string(file.size > 0 ? file.size : most_bytes),
                                   "--",
                                   "/usr/lib/apt/apt-helper",
                                   "-o",
                                   "APT::Sandbox::User=",
                                   "-o",
                                   "Acquire::Retries=3",
                                   "download-file",
                                   std::move(uri),
                                   destination.string()};
  if (!file.sha256.empty()) argv.push_back("SHA256:" + file.sha256);
  return argv;
}

}  // namespace kverdict
