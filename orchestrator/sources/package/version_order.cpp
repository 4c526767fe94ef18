#include "orchestrator/sources/package/version_order.hpp"

#include <apt-pkg/debversion.h>
#include <rpm/rpmver.h>

#include <memory>

#include "runners/error.hpp"

namespace kverdict {
namespace {

struct FreeVersion {
  void operator()(rpmver version) const { rpmverFree(version); }
};
using RpmVersion = std::unique_ptr<rpmver_s, FreeVersion>;

RpmVersion parse_rpm(const std::string& text) {
  RpmVersion version(rpmverParse(text.c_str()));
  if (!version) throw UsageError("'" + text + "' is no version of an rpm package");
  return version;
}

}  // namespace

std::strong_ordering compare_versions(PackageKind kind, const std::string& a, const std::string& b) {
  if (kind == PackageKind::deb) return debVS.CmpVersion(a, b) <=> 0;
  return rpmverCmp(parse_rpm(a).get(), parse_rpm(b).get()) <=> 0;
}

}  // namespace kverdict
