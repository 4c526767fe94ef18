// run and resume: one session from the command line to its report.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "orchestrator/cli/commands/commands.hpp"
#include "orchestrator/cli/commands/interrupt.hpp"
#include "orchestrator/cli/commands/lab.hpp"
#include "orchestrator/cli/commands/opened.hpp"
#include "orchestrator/cli/commands/terminal_observer.hpp"
#include "orchestrator/cli/commands/then_git.hpp"
#include "orchestrator/core/report/printable.hpp"
#include "orchestrator/drive/journal_file.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/host/log.hpp"
#include "runners/host/race.hpp"
#include "runners/host/steady_clock.hpp"

namespace kverdict {
namespace {

Terminal stderr_terminal(const Invocation& invocation) {
  return terminal_of(2, process_inputs(invocation.config_file, {}).environment, invocation.color);
}

LogLevel log_level(const Invocation& invocation) {
  return invocation.verbosity == 0 ? LogLevel::info : LogLevel::debug;
}

// Redraws the progress line until it is cancelled.
Task<int> tick(Clock& clock, TerminalObserver& observer) {
  for (;;) {
    auto waiting = clock.until(clock.now() + std::chrono::seconds(1));
    co_await std::move(waiting);
    observer.tick();
  }
}

void keep_report(const Report& report, const SessionPlace& place) {
  write_file(place.directory / "report.txt", report_text(report));
  write_file(place.directory / "report.md", report_markdown(report));
  write_file(place.directory / "report.json", report_json(report) + "\n");
}

// keep_memory = "culprit": now that it is known, the memory of all others goes.
void drop_other_memories(const OpenedSession& session, const Report& report) {
  if (session.config.run.keep_memory != KeepMemory::culprit || !report.finished) return;
  for (const auto& trial : session.state.trials) {
    if (report.culprit && trial.candidate == report.culprit->id) continue;
    std::error_code not_there;
    const auto directory = session.place.transcript(trial.number, trial.candidate).parent_path();
    std::filesystem::remove(directory / k_memory_file, not_there);
  }
}

// One session with everything it holds; lives as long as its command.
class Running {
 public:
  Running(const Invocation& invocation, OpenedSession& session, JournalFile& journal, RunnerOpener opener)
      : invocation_(invocation),
        session_(session),
        opener_(std::move(opener)),
        places_(find_places(session.config)),
        images_(make_images(session.config, places_, session.source, clock_, pool_,
                            [this](const BuildProgress& progress) { observer_.on_build(progress); })),
        journal_(journal),
        line_(stderr, stderr_terminal(invocation)),
        observer_(clock_, line_, stderr_terminal(invocation), session.describe()) {}

  int run() {
    open_log(session_.place.directory / "kverdict.log", log_level(invocation_));
    return run_interruptible(context_, body());
  }

  // None when candidates are no packages.
  PackageProvider* packages() { return images_.packages; }

 private:
  Task<int> body() {
    auto working = work();
    auto ticking = tick(clock_, observer_);
    auto both = race(std::move(working), std::move(ticking));
    const auto first = co_await std::move(both);
    co_return std::get<0>(first);
  }

  Task<int> work() {
    auto opening = opener_(clock_);
    auto runner = co_await std::move(opening);
    auto sweeping = runner->sweep();
    const auto swept = co_await std::move(sweeping);
    if (swept > 0) note("removed " + std::to_string(swept) + " left-over guests of dead sessions");
    const auto time_scale = runner->traits().time_scale;
    TrialDriver trials(*runner, clock_, plan_trials(session_.config, places_, time_scale).make_initramfs,
                       settings_for(session_.config, places_, time_scale));
    BuildQueue builds(context_.get_executor(), *images_.provider);
    SessionParts parts{context_.get_executor(),
                       clock_,
                       journal_,
                       builds,
                       trials,
                       observer_,
                       session_.range,
                       session_.parents_of(),
                       session_.place.directory};
    auto rules = session_.rules;
    rules.slots = runner->traits().slots;
    rules.until = deadline_of(session_.config.run, clock_.wall());
    Session session(parts, rules);
    auto running = session.run();
    const auto conclusion = co_await std::move(running);
    co_return exit_code(conclusion);
  }

  void note(const std::string& text) {
    journal_.append(Noted{text});
    observer_.on_note(text);
  }

  const Invocation& invocation_;
  OpenedSession& session_;
  RunnerOpener opener_;
  SteadyClock clock_;
  boost::asio::io_context context_{1};
  BlockingPool pool_{1};
  Places places_;
  Images images_;
  JournalFile& journal_;
  ProgressLine line_;
  TerminalObserver observer_;
};

// The session between the tags is one of its own, in a process of its own: this one becomes it.
int go_into_git(const OpenedSession& session, const Report& report, const std::string& distribution_config) {
  const auto planned = plan_git_session(session, report, distribution_config);
  if (const auto* none = std::get_if<NoGitSession>(&planned)) {
    std::fprintf(stderr, "not going on in git: %s\n", printable(none->reason).c_str());
    return 0;
  }
  const auto file = std::get<std::filesystem::path>(planned).string();
  std::fprintf(stderr, "going on in git: kverdict run --config %s\n", file.c_str());
  ::execl("/proc/self/exe", "kverdict", "run", "--config", file.c_str(), nullptr);
  throw InfraError("cannot start kverdict again: " + std::string(std::strerror(errno)));
}

// Runs it, whatever state it is in, and says how it ended.
int go_on(const Invocation& invocation, OpenedSession& session, JournalFile& journal, RunnerOpener opener) {
  int code = 0;
  std::string config_of_culprit;
  try {
    Running running(invocation, session, journal, std::move(opener));
    code = running.run();
    if (code == 0 && running.packages() != nullptr) {
      session.state = journal.state();
      const auto found = session.report();
      keep_changes(session.place, found, running.packages()->changelog(found.culprit->id));
      config_of_culprit = running.packages()->config(found.culprit->id);
    }
  } catch (const InfraError&) {
    std::fprintf(stderr, "nothing is lost; when the lab works again: %s\n", session.resume_line().c_str());
    throw;
  }
  if (code >= 128) {
    std::fprintf(stderr, "interrupted; go on with: %s\n", session.resume_line().c_str());
    return code;
  }
  session.state = journal.state();
  const auto report = session.report();
  keep_report(report, session.place);
  drop_other_memories(session, report);
  std::cout << (invocation.form == OutputForm::json ? report_json(report) + "\n" : report_text(report))
            << std::flush;
  if (code == 0 && session.config.source.type == SourceType::packages &&
      session.config.source.then == Then::git)
    return go_into_git(session, report, config_of_culprit);
  return code;
}

SessionOpened opening_event(const LoadedConfig& loaded, const LoadedConfig& files_only,
                            const SessionPlace& place, const Range& range) {
  SessionOpened opened;
  opened.program = program_version();
  opened.session = place.name();
  opened.config = to_json(loaded.config);
  opened.config_file = loaded.files.empty() ? "" : loaded.files.back().string();
  opened.file_config = to_json(files_only.config);
  opened.bad = range.bad;
  opened.goods = range.goods;
  opened.merge_bases = range.merge_bases;
  opened.candidates = range.history.size();
  opened.history = range_digest(range);
  return opened;
}

// What the files alone say: flags and environment are of one call, files may change between two.
LoadedConfig read_files(std::optional<std::filesystem::path> file) {
  auto inputs = process_inputs(std::move(file), {});
  std::erase_if(inputs.environment,
                [](const auto& variable) { return variable.first.starts_with("KVERDICT_"); });
  return read_config(inputs);
}

void take_over(Config& config, const Config& from, const std::string& key_name) {
  std::vector<Problem> problems;
  const auto* key = find_key<Config>(key_name);
  if (key != nullptr) assign(config, *key, value_of(from, *key), Setting{key_name, &problems, {}, {}});
}

bool is_given(const LoadedConfig& loaded, const std::string& key) {
  const auto layer = loaded.origin(key).layer;
  return layer == Layer::flag || layer == Layer::environment;
}

// The session's configuration, with what the files changed since and what this call's flags say. UsageError
// that names the keys when that would be another question.
Config config_for_resume(const Invocation& invocation, const State& state) {
  auto config = config_from_json(state.config);
  const auto& opened = state.opened;
  auto file = invocation.config_file;
  if (!file && !opened.config_file.empty() && std::filesystem::exists(opened.config_file))
    file = opened.config_file;
  if (file && !opened.file_config.empty()) {
    const auto before = config_from_json(opened.file_config);
    const auto now = read_files(file);
    if (!now.problems.empty()) throw UsageError(to_text(now.problems.front()));
    require_same_question(before, now.config);
    for (const auto& change : diff(before, now.config)) take_over(config, now.config, change.key);
  }
  const auto given = read_config(process_inputs(file, invocation.settings));
  if (!given.problems.empty()) throw UsageError(to_text(given.problems.front()));
  auto wanted = config;
  for (const auto& change : diff(config, given.config))
    if (is_given(given, change.key)) take_over(wanted, given.config, change.key);
  require_same_question(config, wanted);
  return wanted;
}

}  // namespace

int run_command(const Invocation& invocation) {
  const auto inputs = process_inputs(invocation.config_file, invocation.settings);
  auto loaded = load_config(inputs, Need::session);
  const auto places = find_places(loaded.config);
  auto opener = open_machines(loaded.config, places);
  auto source = Candidates::gather(loaded.config, places);
  for (const auto& warning : source.warnings())
    std::fprintf(stderr, "warning: %s\n", printable(warning).c_str());
  auto range = source.range(loaded.config);
  // What is wrong with these is said before anything is made.
  plan_trials(loaded.config, places, 1.0);
  auto rules = rules_for(loaded.config, source, range);
  deadline_of(loaded.config.run, std::chrono::system_clock::now());
  SteadyClock clock;
  const auto place = new_session(places, loaded.config, clock.wall());
  const auto lock = lock_session(place);
  source.keep(place);
  auto journal = JournalFile::create(place.journal(), clock,
                                     opening_event(loaded, read_files(invocation.config_file), place, range));
  std::fprintf(stderr, "session %s: %zu candidates\n", place.name().c_str(), range.history.size());
  OpenedSession session{place,           journal.state(), loaded.config, std::move(source), std::move(range),
                        std::move(rules)};
  return go_on(invocation, session, journal, std::move(opener));
}

int resume_command(const Invocation& invocation, const ResumeCommand& command) {
  auto place = place_of_session(invocation, command.session);
  const auto lock = lock_session(place);
  SteadyClock clock;
  auto journal = JournalFile::open(place.journal(), clock);
  const auto config = config_for_resume(invocation, journal.state());
  deadline_of(config.run, clock.wall());
  auto session = open_session(std::move(place), journal.state());
  session.config = config;
  session.rules = rules_for(config, session.source, session.range);
  auto opener = open_machines(session.config, find_places(session.config));
  journal.append(SessionResumed{program_version(), to_json(session.config)});
  session.state = journal.state();
  return go_on(invocation, session, journal, std::move(opener));
}

}  // namespace kverdict
