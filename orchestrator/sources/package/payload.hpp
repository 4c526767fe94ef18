// Walks through the files in a package, without unpacking it anywhere. The package is hostile: every size is
// bounded, and a path that leaves the package ends the walk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "orchestrator/sources/package/package.hpp"

namespace kverdict {

struct PayloadLimits {
  std::uint64_t files = 200'000;
  std::uint64_t one_file = std::uint64_t{1} << 30;  // bytes
  std::uint64_t in_all = std::uint64_t{6} << 30;
};

// One regular file; its bytes may be taken once, before the visitor returns.
class PayloadFile {
 public:
  using Sink = std::function<void(std::string_view)>;

  virtual ~PayloadFile() = default;
  virtual const std::string& path() const = 0;  // relative, without "." and ".."
  virtual std::uint64_t size() const = 0;
  // In pieces; throws UsageError when the package is damaged here.
  virtual void read(const Sink& sink) = 0;
};

// Calls `visit` for each regular file of data.tar (deb) or of the cpio archive (rpm); links, devices and
// folders are passed over. Throws UsageError naming the package and what is wrong: not a package, truncated,
// a path that leaves it, more than the limits.
void walk_payload(PackageKind kind, const std::filesystem::path& package, const PayloadLimits& limits,
                  const std::function<void(PayloadFile&)>& visit);

// The text of a deb's control file, bounded. Throws as walk_payload.
std::string read_control(const std::filesystem::path& deb);

}  // namespace kverdict
