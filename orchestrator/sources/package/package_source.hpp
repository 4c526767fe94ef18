// A list of packaged kernels as a source of candidates: a chain from the oldest to the newest.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/core/model/candidate.hpp"
#include "orchestrator/core/model/history.hpp"
#include "orchestrator/sources/package/package.hpp"

namespace kverdict {

class PackageSource {
 public:
  // Oldest first, as assemble() gives them. Throws UsageError when there are fewer than two.
  explicit PackageSource(std::vector<Package> packages);

  // By version, package name, `uname -r`, or position: "#1" is the oldest, "#-1" the newest. UsageError names
  // what is near.
  CandidateId find(const std::string& text) const;
  // Between the newest good end and the bad one. UsageError: equal ends, good newer than bad.
  Range resolve(const std::vector<std::string>& goods, const std::string& bad) const;
  CandidateInfo describe(const CandidateId& id) const;
  std::vector<CandidateId> parents(const CandidateId& id) const;

  const Package& package(const CandidateId& id) const;
  const std::vector<Package>& packages() const { return packages_; }

 private:
  std::size_t index_of(const CandidateId& id) const;

  std::vector<Package> packages_;
};

}  // namespace kverdict
