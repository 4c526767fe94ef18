// A lab in simulated time: kernels behave as a table says, machines talk on a console as ours do.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/core/model/history.hpp"
#include "orchestrator/drive/observer.hpp"
#include "orchestrator/images/image_provider.hpp"
#include "runners/host/clock.hpp"
#include "runners/runner.hpp"

namespace kverdict {

// What a simulated kernel does. Only the first time differs where a list is given.
enum class Behaviour {
  passes,
  crashes,        // the hunted oops under load
  crashes_other,  // another oops under load
  hangs,          // silent under load; an NMI brings a panic out
  mute,           // nothing on the console at all
  fails,          // the workload exits with 1
  cannot_tell,    // the workload exits with 125
  resets,         // says "Linux version" again under load
  wrong_kernel,   // says another build id
  vanishes,       // the hypervisor dies
  breaks_lab,     // boot() throws InfraError
  does_not_build,
  breaks_build,  // image_for() throws InfraError
};

struct SimulatedKernels {
  // Behaviour of the n-th time (from 0) that this candidate is asked.
  std::function<Behaviour(const CandidateId&, unsigned)> behaviour;
  std::function<std::string(const CandidateId&)> code = [](const CandidateId& id) {
    return "code-" + id.value;
  };
  Millis build_time{60'000};
};

class SimulatedImages : public ImageProvider {
 public:
  SimulatedImages(Clock& clock, SimulatedKernels& kernels) : clock_(clock), kernels_(kernels) {}
  Task<ImageResult> image_for(CandidateId id) override;
  std::vector<CandidateId> built;      // to the end, in order
  std::vector<CandidateId> cancelled;  // stopped on the way

 private:
  Clock& clock_;
  SimulatedKernels& kernels_;
  std::map<CandidateId, unsigned> asked_;
};

class SimulatedRunner : public Runner {
 public:
  SimulatedRunner(Clock& clock, SimulatedKernels& kernels) : clock_(clock), kernels_(kernels) {}
  RunnerTraits traits() const override { return {"simulated", 1, 1.0}; }
  Task<std::unique_ptr<Machine>> boot(BootSpec spec) override;
  Task<unsigned> sweep() override;
  std::vector<CandidateId> booted;
  unsigned up = 0, most_up = 0;  // machines at once

 private:
  Clock& clock_;
  SimulatedKernels& kernels_;
  std::map<CandidateId, unsigned> asked_;
};

// Keeps what it was told, one line each.
class Recorder : public SessionObserver {
 public:
  void on_ask(std::uint32_t, const Ask& ask, const State&) override { asked.push_back(ask.candidate); }
  void on_image(const ImageReady&) override {}
  void on_boot(const Trial&) override {}
  void on_end(const TrialEnded& trial, const Standing& now) override {
    lines.push_back(trial.candidate.value + " " + to_string(now.verdict));
  }
  void on_note(const std::string& text) override { lines.push_back(text); }
  std::vector<CandidateId> asked;
  std::vector<std::string> lines;
};

// c0 (newest, bad end) ... c(n-1), then the good end "good".
Range linear_range(unsigned n);

}  // namespace kverdict
