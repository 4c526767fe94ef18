// A whole night in simulated time: the real loop, journal, watch and judge; only kernels and machines are
// simulated. c0 is the bad end, "good" the good one, c0..c23 are bad.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "orchestrator/drive/session.hpp"
#include "runners/error.hpp"
#include "runners/host/race.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/simulated_lab.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
inline unsigned number_of(const CandidateId& id) {
  return id.value == "good" ? 1000 : static_cast<unsigned>(std::stoul(id.value.substr(1)));
}

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// One history, one lab, any number of runs over the same session directory.
class NightTest : public testing::Test {
 protected:
  static constexpr unsigned k_size = 64;
  static constexpr unsigned k_culprit = 23;  // c0..c23 are bad

  NightTest() {
    kernels_.behaviour = [](const CandidateId& id, unsigned) {
      return number_of(id) <= k_culprit ? Behaviour::crashes : Behaviour::passes;
    };
  }

  void behave(std::function<std::optional<Behaviour>(unsigned number, unsigned time)> special) {
    auto usual = kernels_.behaviour;
    kernels_.behaviour = [special, usual](const CandidateId& id, unsigned time) {
      const auto answer = special(number_of(id), time);
      return answer ? *answer : usual(id, time);
    };
  }

  std::filesystem::path journal_path() const { return directory_.path() / "journal.jsonl"; }

  JournalFile open_journal(const Clock& clock) {
    if (std::filesystem::exists(journal_path())) {
      auto journal = JournalFile::open(journal_path(), clock);
      journal.append(SessionResumed{"0", "{}"});
      return journal;
    }
    SessionOpened opened;
    opened.session = "sim";
    opened.program = "0";
    opened.config = "{}";
    opened.bad = range_.bad;
    opened.goods = range_.goods;
    opened.candidates = range_.history.size();
    return JournalFile::create(journal_path(), clock, opened);
  }

  // None when the session was interrupted after `limit`.
  std::optional<Conclusion> run_for(Millis limit) {
    FakeClock clock;
    SimulatedImages images(clock, kernels_);
    SimulatedRunner runner(clock, kernels_);
    BuildQueue builds(clock.executor(), images);
    auto initramfs = [](const KernelImage&, const GuestJob& job, const std::filesystem::path&) {
      return job.token;
    };
    TrialDriver trials(runner, clock, initramfs, [](Millis) { return TrialSettings{}; });
    auto journal = open_journal(clock);
    recorder_ = {};
    Session session(
        {clock.executor(), clock, journal, builds, trials, recorder_, range_, parents_of_, directory_.path()},
        rules_);
    const auto start = clock.now();
    struct Keep {
      NightTest& test;
      SimulatedImages& images;
      SimulatedRunner& runner;
      FakeClock& clock;
      TimePoint start;
      ~Keep() {
        test.booted_ = runner.booted;
        test.built_ = images.built;
        test.most_up_ = runner.most_up;
        test.still_up_ = runner.up;
        test.took_ = std::chrono::duration_cast<Millis>(clock.now() - start);
      }
    } keep{*this, images, runner, clock, start};
    return clock.run(until_interrupted(clock, session, limit));
  }

  static Task<std::optional<Conclusion>> until_interrupted(Clock& clock, Session& session, Millis limit) {
    auto running = session.run();
    auto interrupt = clock.until(clock.now() + limit);
    auto both = race(std::move(running), std::move(interrupt));
    auto first = co_await std::move(both);
    std::optional<Conclusion> conclusion;
    if (auto* answered = std::get_if<Conclusion>(&first)) conclusion = *answered;
    co_return conclusion;
  }

  Conclusion run() { return run_for(std::chrono::hours(1000)).value(); }

  // Each choice that the journal holds, from what stood before it.
  void check_choices() const {
    const Lineage lineage(range_.history);
    State before;
    unsigned checked = 0;
    for (const auto& entry : JournalFile::read(journal_path()).entries) {
      if (const auto* started = std::get_if<TrialStarted>(&entry.event)) {
        const Survey survey(before, weigh(before, rules_.hunt), range_, lineage, rules_.bisect, parents_of_,
                            rules_.run);
        const auto plan = survey.plan(entry.at, started->free_slots);
        ASSERT_FALSE(plan.asks.empty()) << "trial " << started->trial;
        ASSERT_EQ(plan.asks.front().candidate, started->candidate) << "trial " << started->trial;
        ++checked;
      }
      apply(before, entry);
    }
    EXPECT_GT(checked, 6U);
  }

  State state() const { return replay(JournalFile::read(journal_path()).entries); }

  Range range_ = linear_range(k_size);
  SimulatedKernels kernels_;
  SessionRules rules_;
  ParentsOf parents_of_ = [](const CandidateId& id) -> std::vector<CandidateId> {
    const auto n = number_of(id);
    return {{n + 1 < k_size ? "c" + std::to_string(n + 1) : "good"}};
  };
  TemporaryDirectory directory_;
  Recorder recorder_;
  std::vector<CandidateId> booted_, built_;
  Millis took_{0};
  unsigned most_up_ = 0, still_up_ = 0;  // machines
};

}  // namespace kverdict
