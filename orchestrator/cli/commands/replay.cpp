// replay: where a git bisect log, or a session's journal, leads.
#include <iostream>
#include <map>

#include "orchestrator/cli/commands/commands.hpp"
#include "orchestrator/cli/commands/lab.hpp"
#include "orchestrator/cli/commands/opened.hpp"
#include "orchestrator/core/report/git_log.hpp"
#include "orchestrator/core/report/printable.hpp"
#include "orchestrator/drive/journal_file.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_largest_log = 64U << 20;

// The rules in force after an entry: a resume may have changed them.
void take_rules(OpenedSession& session, const Event& event) {
  if (const auto* resumed = std::get_if<SessionResumed>(&event))
    session.rules = rules_for(config_from_json(resumed->config), session.source, session.range);
}

std::string now_asked(const Plan& plan) {
  return plan.asks.empty() ? "nothing would be asked" : plan.asks.front().candidate.value + " would be asked";
}

// Every choice again, from the facts that stood before it. 0 when all are the same, 1 at the first
// difference.
int check_choices(OpenedSession& session) {
  const auto journal = JournalFile::read(session.place.journal());
  const Lineage lineage(session.range.history);
  const auto parents = session.parents_of();
  session.rules = rules_for(config_from_json(session.state.opened.config), session.source, session.range);
  State state;
  unsigned checked = 0;
  for (const auto& entry : journal.entries) {
    take_rules(session, entry.event);
    if (const auto* started = std::get_if<TrialStarted>(&entry.event)) {
      const Survey survey(state, weigh(state, session.rules.hunt), session.range, lineage,
                          session.rules.bisect, parents, session.rules.run);
      const auto plan = survey.plan(entry.at, started->free_slots);
      if (plan.asks.empty() || plan.asks.front().candidate != started->candidate) {
        std::cout << "trial " << started->trial << " asked " << started->candidate.value << "; now "
                  << now_asked(plan) << "\n";
        return 1;
      }
      ++checked;
    }
    apply(state, entry);
  }
  std::cout << "all " << checked << " choices are the same\n";
  return 0;
}

int replay_session(const Invocation& invocation, const ReplayCommand& command) {
  auto session = open_session(invocation, command.subject);
  if (command.mode == ReplayMode::check) return check_choices(session);
  std::cout << report_text(session.report());
  return 0;
}

// The answers of a log as if they had been given by trials: the bad end is the newest bad, as git does.
Range range_of(GitSource& source, const BisectLog& log, RangeSpec spec) {
  spec.goods.clear();
  spec.bad.clear();
  for (const auto& answer : log.answers) {
    if (answer.verdict == Verdict::bad && spec.bad.empty()) spec.bad = answer.revision;
    if (answer.verdict == Verdict::good) spec.goods.push_back(answer.revision);
  }
  if (spec.bad.empty() || spec.goods.empty())
    throw UsageError("the log names no " + std::string(spec.bad.empty() ? "bad" : "good") +
                     " revision; both are needed");
  // The goods given later lie inside the range: only the first is an end.
  spec.goods.resize(1);
  spec.paths = log.paths;
  if (log.first_parent) spec.ancestry = Ancestry::first_parent;
  return source.resolve(spec);
}

Evidence evidence_of(GitSource& source, const BisectLog& log) {
  Evidence evidence;
  for (const auto& answer : log.answers) {
    auto& standing = evidence.standings[source.commit_of(answer.revision)];
    standing.verdict = answer.verdict;
    standing.reason = "said by the log";
    standing.good += answer.verdict == Verdict::good;
    standing.bad += answer.verdict == Verdict::bad;
    standing.skipped += answer.verdict == Verdict::skip;
  }
  return evidence;
}

int replay_log(const Invocation& invocation, const std::string& file) {
  const auto config = read_config(process_inputs(invocation.config_file, invocation.settings)).config;
  const auto log = parse_bisect_log(read_file(file, k_largest_log), file);
  auto source = GitSource::open(config.source.repo);
  const auto range = range_of(source, log, range_spec(config));
  const auto parents = [&source](const CandidateId& id) { return source.describe(id).parents; };
  auto evidence = evidence_of(source, log);
  const auto decision = decide(range, evidence, BisectRules{}, parents);
  if (const auto* ask = std::get_if<Ask>(&decision)) {
    std::cout << ask->left << " candidates left; next is " << ask->candidate.value << " "
              << printable(source.describe(ask->candidate).subject) << "\n";
    return 0;
  }
  const auto& conclusion = std::get<Conclusion>(decision);
  switch (conclusion.kind) {
    case Conclusion::Kind::found:
      std::cout << conclusion.culprit.value << " is the first bad commit\n";
      return 0;
    case Conclusion::Kind::only_skips_left:
      std::cout << "only skipped commits are left; the first bad commit is one of:\n";
      for (const auto& id : conclusion.suspects) std::cout << id.value << "\n";
      return 0;
    case Conclusion::Kind::inconclusive:
    case Conclusion::Kind::narrowed:
    case Conclusion::Kind::ends_wrong:
      throw UsageError(file + ": the log contradicts itself: " + conclusion.reason);
  }
  return 0;
}

}  // namespace

int replay_command(const Invocation& invocation, const ReplayCommand& command) {
  const bool is_file = command.mode == ReplayMode::show && std::filesystem::is_regular_file(command.subject);
  return is_file ? replay_log(invocation, command.subject) : replay_session(invocation, command);
}

}  // namespace kverdict
