// A candidate is one kernel that can be asked. Its id is what its source calls it:
// 40 hex digits of a commit, or the version of a package.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kverdict {

struct CandidateId {
  std::string value;
  auto operator<=>(const CandidateId&) const = default;
};

bool is_commit(const CandidateId& id);
// As people are shown it in a line: the first 12 digits of a commit, a version as it is.
std::string short_id(const CandidateId& id);

// What people are shown of a candidate.
struct CandidateInfo {
  CandidateId id;
  std::string subject;
  std::string author;   // "Name <mail>"
  std::string date;     // ISO 8601, author's zone
  std::string message;  // whole, subject included
  std::vector<CandidateId> parents;
};

}  // namespace kverdict

template <>
struct std::hash<kverdict::CandidateId> {
  std::size_t operator()(const kverdict::CandidateId& id) const noexcept {
    return std::hash<std::string>{}(id.value);
  }
};
