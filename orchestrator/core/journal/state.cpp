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
    for (auto& trial : state.trials) trial.interrupted = !trial.ended;
  }
  void operator()(const TrialStarted& e) const {
    if (e.trial != state.next_trial())
      throw UsageError("corrupt journal: trial " + std::to_string(e.trial) + " starts after trial " +
                       std::to_string(state.trials.size()));
    Trial trial;
    trial.number = e.trial;
    trial.candidate = e.candidate;
    trial.purpose = e.purpose;
    trial.soak = e.soak;
    trial.free_slots = e.free_slots;
    trial.started = at;
    state.trials.push_back(std::move(trial));
  }
  void operator()(const TrialBooted& e) const { trial_of(e.trial, "boots").booted = at; }
  void operator()(const ImageReady& e) const {
    state.images.emplace(e.candidate, e);
    if (e.from_cache) return;
    state.building += e.took;
    ++state.builds;
  }
  void operator()(const TrialEnded& e) const {
    auto& trial = trial_of(e.trial, "ends");
    if (trial.candidate != e.candidate)
      throw UsageError("corrupt journal: trial " + std::to_string(e.trial) + " ends with another candidate");
    trial.ended = e;
  }
  void operator()(const Marked& e) const {
    if (e.trial == 0)
      state.marks[e.candidate] = e;
    else
      trial_of(e.trial, "is marked").mark = e;
    state.closed.reset();
  }
  void operator()(const Undone& e) const {
    if (e.what == Undone::What::trial)
      trial_of(e.trial, "is undone").taken_out = true;
    else if (e.trial == 0)
      state.marks.erase(e.candidate);
    else
      trial_of(e.trial, "is undone").mark.reset();
    state.closed.reset();
  }
  Trial& trial_of(std::uint32_t number, const char* what) const {
    if (number >= 1 && number <= state.trials.size()) return state.trials[number - 1];
    throw UsageError("corrupt journal: trial " + std::to_string(number) + " " + what +
                     " without having started");
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
