// Candidate -> kernel by `make` in a checkout of our own.
//
// A step of a bisection changes few files, and the plain way spends most of its time elsewhere: configuring
// again, make's walk over the whole tree, packing a bzImage. So
//   - the configuration is made again only when something it depends on changed (configuration.hpp);
//   - when all changed files are known to be compiled in plain ways, only their objects are made and the
//     kernel is linked again (selective_build.hpp); in doubt the whole tree is made;
//   - vmlinux is the goal when it can be booted directly.
// What the output folder holds is written down (build_state.hpp) so that an interrupted build never becomes
// part of a later one.
#pragma once

#include <functional>
#include <memory>

#include "orchestrator/images/build_options.hpp"
#include "orchestrator/images/image_provider.hpp"
#include "runners/host/blocking.hpp"
#include "runners/host/clock.hpp"

namespace kverdict {

class BuildProvider final : public ImageProvider {
 public:
  using OnProgress = std::function<void(const BuildProgress&)>;

  // Touches nothing yet. Throws UsageError for options that cannot work (a fragment that does not exist or
  // cannot be read as configuration, a base that is neither a known word nor a file).
  BuildProvider(Clock& clock, BlockingPool& pool, BuildOptions options, OnProgress on_progress = {});
  ~BuildProvider() override;

  // Besides InfraError: UsageError for missing build tools (all named, with their packages), an unknown
  // candidate, and a fix-up that neither applies nor is applied already.
  Task<ImageResult> image_for(CandidateId id) override;

 private:
  class Builder;
  std::unique_ptr<Builder> builder_;
};

}  // namespace kverdict
