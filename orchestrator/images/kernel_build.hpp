// One build in one output folder: configure, make what changed, hand over the kernel. The worktree already
// holds the candidate's sources, fix-ups included.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "orchestrator/images/build_log.hpp"
#include "orchestrator/images/build_options.hpp"
#include "orchestrator/images/build_state.hpp"
#include "orchestrator/images/image_cache.hpp"
#include "orchestrator/images/kconfig.hpp"
#include "orchestrator/images/make_command.hpp"
#include "orchestrator/images/selective_build.hpp"
#include "runners/host/blocking.hpp"
#include "runners/host/clock.hpp"

namespace kverdict {

// What is to be built, and what is known of the folder it is built in.
struct BuildOrder {
  CandidateId candidate;
  std::string config_key;           // digest of base, fragments, variables, toolchain
  std::set<std::string> changed;    // every file that may differ from what the folder was built from
  HeaderNames headers;              // of those, headers of which the reach is known
  std::set<std::string> patched;    // by fix-ups, now
  std::optional<BuildState> state;  // none: nothing is known, `changed` says nothing
};

struct MakeFailure {
  BuildBlame blame;  // never the lab: that is an InfraError
  std::string log_tail;
};

using MakeResult = std::variant<MakeFailure, StoredImage>;

class KernelBuild {
 public:
  using OnPhase = std::function<void(BuildPhase, unsigned done)>;

  KernelBuild(Clock& clock, BlockingPool& pool, const BuildOptions& options, MakePlace place,
              KernelConfig asked, OnPhase on_phase);

  // Throws InfraError: time-out, make killed, lab's fault according to the log, disk full.
  Task<MakeResult> run(BuildOrder order);

  unsigned objects_made() const { return objects_made_; }  // by the last run over the whole tree
  // How the last kernel was made: "3 objects" or "whole tree: Makefile changed".
  const std::string& how() const { return how_; }

 private:
  struct MakeEnd {
    bool ok = false;
    std::string log;
  };
  Task<MakeEnd> make(MakeScope scope, std::vector<std::string> targets, BuildPhase phase);
  Task<MakeEnd> run_logged(Command command, BuildPhase phase);
  Task<void> watch_log(BuildPhase phase);
  Task<MakeEnd> configure();
  Task<MakeEnd> lay_over_base();
  Task<MakeEnd> build(BuildOrder order, BuildState next);
  Task<MakeEnd> build_touched(BuildOrder order, BuildState next);
  Task<MakeEnd> build_whole(bool new_mentions);
  Task<MakeEnd> install_modules();
  Task<StoredImage> collect();
  KernelConfig read_result() const;
  void read_goal();
  std::string goal() const { return is_vmlinux_ ? "vmlinux" : "bzImage"; }
  MakeFailure failure(const MakeEnd& end) const;

  Clock& clock_;
  BlockingPool& pool_;
  const BuildOptions& options_;
  MakePlace place_;
  KernelConfig asked_;
  OnPhase on_phase_;
  std::filesystem::path log_;
  TimePoint deadline_{};
  KernelConfig config_;  // as configured
  bool has_modules_ = false;
  bool is_vmlinux_ = true;  // what is booted; else bzImage
  unsigned objects_made_ = 0;
  std::string how_;
};

}  // namespace kverdict
