// Versions in the order of their distribution, by the distribution's own code. Pure.
#pragma once

#include <compare>
#include <string>

#include "orchestrator/sources/package/package.hpp"

namespace kverdict {

// Throws UsageError for a version that the distribution could not have made.
std::strong_ordering compare_versions(PackageKind kind, const std::string& a, const std::string& b);

}  // namespace kverdict
