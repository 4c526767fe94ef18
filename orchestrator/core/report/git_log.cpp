#include "orchestrator/core/report/git_log.hpp"

#include <optional>
#include <set>

#include "orchestrator/core/report/printable.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

// Where a fix is sought, what still fails is old and what does not is new.
const char* git_word(Verdict verdict, Find find) {
  const bool fix = find == Find::fix;
  switch (verdict) {
    case Verdict::bad:
      return fix ? "old" : "bad";
    case Verdict::good:
      return fix ? "new" : "good";
    case Verdict::skip:
      return "skip";
    case Verdict::nothing:
      return nullptr;
  }
  return nullptr;
}

void add_answer(std::string& log, const CandidateInfo& info, const char* word) {
  log += "# " + std::string(word) + ": [" + info.id.value + "] " + printable(info.subject) + "\n";
  log += "git bisect " + std::string(word) + " " + info.id.value + "\n";
}

}  // namespace

// The ends come first, as the session's claim: git refuses other answers before it knows both.
std::string git_bisect_log(const ReportSubject& subject) {
  const auto& describe = subject.describe;
  const auto& range = subject.range;
  const auto find = subject.rules.find;
  const bool fix = find == Find::fix;
  std::string log = "git bisect start\n";
  std::set<CandidateId> said{range.bad};
  add_answer(log, describe(range.bad), fix ? "new" : "bad");
  for (const auto& good : range.goods)
    if (said.insert(good).second) add_answer(log, describe(good), fix ? "old" : "good");
  std::vector<CandidateId> order;
  for (const auto& trial : subject.state.trials) order.push_back(trial.candidate);
  for (const auto& [id, standing] : subject.evidence.standings) order.push_back(id);
  for (const auto& id : order) {
    const auto* word = git_word(subject.evidence.of(id).verdict, find);
    if (word != nullptr && said.insert(id).second) add_answer(log, describe(id), word);
  }
  return log;
}

namespace {

struct Failure {
  const std::string& name;
  std::size_t line;
  [[noreturn]] void say(const std::string& what) const {
    throw UsageError(name + ":" + std::to_string(line) + ": " + what +
                     "; expected what `git bisect log` writes");
  }
};

// Words of a shell line; git quotes with single quotes only.
std::vector<std::string> words_of(std::string_view line, const Failure& failure) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos) {
    std::string word;
    while (at < line.size() && std::string_view(" \t\r").find(line[at]) == std::string_view::npos) {
      if (line[at] != '\'') {
        word += line[at++];
        continue;
      }
      const auto end = line.find('\'', at + 1);
      if (end == std::string_view::npos) failure.say("a quote is not closed");
      word += line.substr(at + 1, end - at - 1);
      at = end + 1;
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::optional<Verdict> verdict_of(const std::string& word) {
  if (word == "good" || word == "old") return Verdict::good;
  if (word == "bad" || word == "new") return Verdict::bad;
  if (word == "skip") return Verdict::skip;
  return std::nullopt;
}

// git bisect start [--first-parent] [BAD [GOOD...]] [-- PATH...]
void read_start(BisectLog& log, const std::vector<std::string>& words, const Failure& failure) {
  bool paths = false;
  Verdict next = Verdict::bad;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const auto& word = words[i];
    if (paths) {
      log.paths.push_back(word);
    } else if (word == "--") {
      paths = true;
    } else if (word == "--first-parent") {
      log.first_parent = true;
    } else if (word.starts_with("--term-")) {
      failure.say("own terms are not supported");
    } else if (!word.starts_with("--")) {  // --no-checkout changes nothing here
      log.answers.push_back({word, next});
      next = Verdict::good;
    }
  }
}

void read_line(BisectLog& log, std::string_view line, const Failure& failure) {
  if (line.empty() || line.front() == '#') return;
  const auto words = words_of(line, failure);
  if (words.empty()) return;
  const bool dashed = words[0] == "git-bisect";
  auto full = words;
  if (dashed) full.insert(full.begin() + 1, "bisect");
  if ((!dashed && words[0] != "git") || full.size() < 3 || full[1] != "bisect")
    failure.say("not a line of a log");
  if (full[2] == "start") return read_start(log, full, failure);
  const auto verdict = verdict_of(full[2]);
  if (!verdict || full.size() < 4) failure.say("unknown command '" + printable(full[2]) + "'");
  for (std::size_t i = 3; i < full.size(); ++i) log.answers.push_back({full[i], *verdict});
}

}  // namespace

BisectLog parse_bisect_log(std::string_view text, const std::string& name) {
  BisectLog log;
  Failure failure{name, 0};
  while (!text.empty()) {
    ++failure.line;
    const auto end = text.find('\n');
    read_line(log, text.substr(0, end), failure);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return log;
}

}  // namespace kverdict
