// Candidate -> kernel out of a distribution's package: fetched, checked, unpacked, kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/images/image_cache.hpp"
#include "orchestrator/images/image_provider.hpp"
#include "orchestrator/sources/package/package_source.hpp"
#include "runners/host/blocking.hpp"
#include "runners/host/clock.hpp"

namespace kverdict {

struct PackageOptions {
  std::filesystem::path images;  // unpacked kernels; shared by sessions
  std::uint64_t image_limit = 20'000'000'000;
  std::filesystem::path downloads;  // fetched packages, on the same file system; shared by sessions
  std::uint64_t download_limit = 10'000'000'000;
  Millis fetch_limit = std::chrono::minutes{30};  // one package takes no longer
  std::vector<std::string> modules;               // that the guest loads; what a kernel lacks is said
};

class PackageProvider final : public ImageProvider {
 public:
  PackageProvider(Clock& clock, BlockingPool& pool, const PackageSource& source, PackageOptions options);

  // Besides InfraError (a package cannot be fetched, or comes with another checksum than the archive's index
  // says): UsageError for a package that is damaged, hostile or no kernel. A kernel that cannot run our guest
  // (no serial console, no initramfs) is a BuildFailure: the others can be asked.
  Task<ImageResult> image_for(CandidateId id) override;

  // Of a package that was asked before, as text; empty = it has none, or is not here any more.
  std::string changelog(const CandidateId& id);
  std::string config(const CandidateId& id);

 private:
  // The package's files on this host, checked.
  Task<std::vector<std::filesystem::path>> gather(Package package);
  Task<std::filesystem::path> fetch(PackageFile file);
  void trim_downloads(const std::vector<std::filesystem::path>& used);
  StoredImage unpack(const std::string& key, const Package& package,
                     const std::vector<std::filesystem::path>& files);
  std::optional<StoredImage> look_up(const Package& package);

  Clock& clock_;
  BlockingPool& pool_;
  const PackageSource& source_;
  PackageOptions options_;
  ImageCache cache_;
};

}  // namespace kverdict
