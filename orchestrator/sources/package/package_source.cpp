#include "orchestrator/sources/package/package_source.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_named_neighbours = 8;

bool is_called(const Package& package, std::string_view text) {
  return package.version == text || package.release == text ||
         std::any_of(package.files.begin(), package.files.end(),
                     [&](const PackageFile& file) { return file.name == text; });
}

// "#1" -> 0, "#-1" -> size - 1; none when the text is no position.
std::optional<std::size_t> position(std::string_view text, std::size_t size) {
  if (!text.starts_with('#')) return std::nullopt;
  long number = 0;
  const auto digits = text.substr(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const auto count = static_cast<long>(size);
  if (error != std::errc() || end != digits.data() + digits.size() || number == 0 || number > count ||
      -number > count)
    throw UsageError("'" + std::string(text) + "' is no position in the list; it has #1 (the oldest) to #" +
                     std::to_string(size) + ", and #-1 is the newest");
  return static_cast<std::size_t>(number > 0 ? number - 1 : count + number);
}

std::string offered(const std::vector<Package>& packages) {
  std::string text;
  const auto shown = std::min(packages.size(), k_named_neighbours);
  for (std::size_t i = packages.size() - shown; i < packages.size(); ++i)
    text += (text.empty() ? "" : ", ") + packages[i].version;
  return (shown < packages.size() ? "..., " : "") + text;
}

}  // namespace

PackageSource::PackageSource(std::vector<Package> packages) : packages_(std::move(packages)) {
  if (packages_.size() < 2)
    throw UsageError("the list holds one version only (" +
                     (packages_.empty() ? std::string("none") : packages_.front().version) +
                     "); two at least are needed, a good one and a bad one");
}

std::size_t PackageSource::index_of(const CandidateId& id) const {
  const auto found = std::find_if(packages_.begin(), packages_.end(),
                                  [&](const Package& package) { return package.version == id.value; });
  if (found == packages_.end()) throw UsageError("version " + id.value + " is not in the list of packages");
  return static_cast<std::size_t>(found - packages_.begin());
}

const Package& PackageSource::package(const CandidateId& id) const {
  return packages_[index_of(id)];
}

CandidateId PackageSource::find(const std::string& text) const {
  if (const auto at = position(text, packages_.size())) return {packages_[*at].version};
  std::vector<const Package*> found;
  for (const auto& package : packages_)
    if (is_called(package, text)) found.push_back(&package);
  if (found.empty())
    throw UsageError("no package is '" + text +
                     "', neither by version, name nor release (uname -r); the list offers " +
                     offered(packages_));
  if (found.size() > 1)
    throw UsageError("'" + text + "' names " + std::to_string(found.size()) + " versions, " +
                     found.front()->version + " to " + found.back()->version + "; give the version");
  return {found.front()->version};
}

Range PackageSource::resolve(const std::vector<std::string>& goods, const std::string& bad) const {
  Range range;
  range.bad = find(bad);
  const auto bad_at = index_of(range.bad);
  std::size_t newest_good = 0;
  for (const auto& good : goods) {
    range.goods.push_back(find(good));
    const auto at = index_of(range.goods.back());
    if (at == bad_at) throw UsageError("the good and the bad end are the same version, " + range.bad.value);
    if (at > bad_at)
      throw UsageError("the good version " + range.goods.back().value + " is newer than the bad one, " +
                       range.bad.value + "; exchange them, or search for the fix: --find fix");
    newest_good = std::max(newest_good, at);
  }
  History::Builder builder;
  for (auto at = bad_at; at > newest_good; --at)
    builder.add({packages_[at].version}, {CandidateId{packages_[at - 1].version}});
  range.history = std::move(builder).build();
  return range;
}

std::vector<CandidateId> PackageSource::parents(const CandidateId& id) const {
  const auto at = index_of(id);
  if (at == 0) return {};
  return {CandidateId{packages_[at - 1].version}};
}

CandidateInfo PackageSource::describe(const CandidateId& id) const {
  const auto& package = packages_[index_of(id)];
  CandidateInfo info;
  info.id = id;
  info.subject = package.files.front().name;
  for (std::size_t i = 0; i < package.suites.size(); ++i)
    info.subject += (i == 0 ? " (" : ", ") + package.suites[i];
  if (!package.suites.empty()) info.subject += ")";
  info.message = info.subject;
  info.parents = parents(id);
  return info;
}

}  // namespace kverdict
