#include "orchestrator/cli/commands/candidates.hpp"

#include "orchestrator/cli/commands/lab.hpp"
#include "orchestrator/sources/package/apt_archive.hpp"
#include "orchestrator/sources/package/package_codec.hpp"
#include "orchestrator/sources/package/package_list.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_largest_list = 64U << 20;

// The host's archives are one place for all sessions; others have their own indexes.
AptSettings apt_settings(const SourceConfig& source, const Places& places) {
  AptSettings settings;
  settings.archives = source.archives;
  std::string all;
  for (const auto& archive : source.archives) all += archive + "\n";
  settings.directory = places.cache / "apt" / (all.empty() ? "host" : text_digest(all));
  return settings;
}

std::vector<Package> find_packages(const SourceConfig& source, const Places& places,
                                   std::vector<std::string>& warnings) {
  auto offered = offered_by_files(source.files);
  std::vector<std::string> names;
  for (const auto& package : source.packages) {
    const bool url = package.find("://") != std::string::npos;
    if (url)
      offered.push_back(offered_by_url(package));
    else
      names.push_back(package);
  }
  if (!names.empty()) {
    auto offer = offered_by_apt(apt_settings(source, places), names);
    warnings = std::move(offer.warnings);
    for (auto& file : offer.files) offered.push_back(std::move(file));
  }
  return assemble(offered, source.flavour);
}

}  // namespace

Candidates Candidates::gather(const Config& config, const Places& places) {
  if (config.source.type == SourceType::git) return Candidates(GitSource::open(config.source.repo));
  std::vector<std::string> warnings;
  Candidates candidates(PackageSource(find_packages(config.source, places, warnings)));
  candidates.warnings_ = std::move(warnings);
  return candidates;
}

Candidates Candidates::of_session(const Config& config, const SessionPlace& place) {
  if (config.source.type == SourceType::git) return Candidates(GitSource::open(config.source.repo));
  const auto text = read_file(place.packages(), k_largest_list);
  return Candidates(PackageSource(decode_packages(text, place.packages().string())));
}

void Candidates::keep(const SessionPlace& place) const {
  if (const auto* packages = std::get_if<PackageSource>(&source_))
    write_file(place.packages(), encode_packages(packages->packages()), Durability::synced);
}

Range Candidates::range(const Config& config) {
  const auto spec = range_spec(config);
  if (auto* source = git()) return source->resolve(spec);
  return packages()->resolve(spec.goods, spec.bad);
}

Range Candidates::same_range(const SessionOpened& opened, const Config& config) {
  auto wanted = config;
  wanted.source.bad = opened.bad.value;
  wanted.source.good.clear();
  for (const auto& good : opened.goods) wanted.source.good.push_back(good.value);
  auto same = range(wanted);
  if (range_digest(same) != opened.history)
    throw UsageError("the history between the ends of session " + opened.session +
                     " is not what it was when the session began; start a new session");
  return same;
}

CandidateId Candidates::find(const std::string& text) {
  if (auto* source = git()) return source->commit_of(text);
  return packages()->find(text);
}

CandidateInfo Candidates::describe(const CandidateId& id) {
  if (auto* source = git()) return source->describe(id);
  return packages()->describe(id);
}

std::vector<CandidateId> Candidates::parents(const CandidateId& id, const Config& config) {
  auto parents = describe(id).parents;
  if (config.source.first_parent && parents.size() > 1) parents.resize(1);
  return parents;
}

std::string range_digest(const Range& range) {
  std::string all;
  for (std::uint32_t i = 0; i < range.history.size(); ++i) all += range.history.id(Position{i}).value;
  return text_digest(all);
}

}  // namespace kverdict
