#include "orchestrator/core/journal/state.hpp"

#include "runners/error.hpp"

namespace kverdict {
namespace {

struct Applier {
  State& state;
  std::chrono::system_clock::time_point at;

  void operator()(const SessionOpened& e) const {
    state.opened = e;
    state.config = e.config;
    state.began = at;
  }
  void operator()(const SessionResumed& e) const {
    state.config = e.config;
    state.closed.reset();
    ++state.resumed;
  }
  void operator()(const TrialStarted& e) const {
    if (e.trial != state.next_trial())
      throw UsageError("corrupt journal: trial " + std::to_string(e.trial) + " starts after trial " +
                       std::to_string(state.trials.size()));
    state.trials.push_back({e.trial, e.candidate, e.purpose, at, std::nullopt});
  }
  void operator()(const ImageReady& e) const {
    state.images.emplace(e.candidate, e);
    if (e.from_cache) return;
    state.building += e.took;
    ++state.builds;
  }
  void operator()(const TrialEnded& e) const {
    if (e.trial == 0 || e.trial > state.trials.size() || state.trials[e.trial - 1].candidate != e.candidate)
      throw UsageError("corrupt journal: trial " + std::to_string(e.trial) + " ends without having started");
    state.trials[e.trial - 1].ended = e;
  }
  void operator()(const Noted& e) const { state.notes.push_back(e.text); }
  void operator()(const SessionClosed& e) const { state.closed = e; }
};

}  // namespace

void apply(State& state, const Entry& entry) {
  state.latest = entry.at;
  std::visit(Applier{state, entry.at}, entry.event);
}

State replay(const std::vector<Entry>& entries) {
  KV_CHECK(!entries.empty());
  State state;
  for (const auto& entry : entries) apply(state, entry);
  return state;
}

}  // namespace kverdict
