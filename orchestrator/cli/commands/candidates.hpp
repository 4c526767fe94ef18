// Where a session's candidates come from: a git clone, or a list of packaged kernels.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/cli/commands/places.hpp"
#include "orchestrator/core/journal/event.hpp"
#include "orchestrator/core/question/bisect.hpp"
#include "orchestrator/core/report/report.hpp"
#include "orchestrator/images/build_provider.hpp"
#include "orchestrator/images/image_provider.hpp"
#include "orchestrator/sources/git_source.hpp"
#include "orchestrator/sources/package/package_source.hpp"

namespace kverdict {

class Candidates {
 public:
  // As the configuration names them now: packages are looked for in files and archives.
  static Candidates gather(const Config& config, const Places& places);
  // As they were when the session began.
  static Candidates of_session(const Config& config, const SessionPlace& place);

  // Keeps what of_session() needs. Before the journal is made.
  void keep(const SessionPlace& place) const;
  // What the user should know of how they were found.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Between the configuration's ends.
  Range range(const Config& config);
  // That the journal's session is about. UsageError when it is not what it was.
  Range same_range(const SessionOpened& opened, const Config& config);
  CandidateId find(const std::string& text);
  CandidateInfo describe(const CandidateId& id);
  std::vector<CandidateId> parents(const CandidateId& id, const Config& config);

  GitSource* git() { return std::get_if<GitSource>(&source_); }
  PackageSource* packages() { return std::get_if<PackageSource>(&source_); }

 private:
  using Source = std::variant<GitSource, PackageSource>;
  explicit Candidates(Source source) : source_(std::move(source)) {}

  Source source_;
  std::vector<std::string> warnings_;
};

// Digest of a range: equal when the same candidates stand in the same order.
std::string range_digest(const Range& range);

}  // namespace kverdict
