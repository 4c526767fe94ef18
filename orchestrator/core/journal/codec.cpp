#include "orchestrator/core/journal/codec.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, const char*>, N>;

constexpr Names<Purpose, 5> k_purposes{{{Purpose::search, "search"},
                                        {Purpose::bad_end, "bad_end"},
                                        {Purpose::good_end, "good_end"},
                                        {Purpose::merge_base, "merge_base"},
                                        {Purpose::parent, "parent"}}};

constexpr Names<Verdict, 4> k_verdicts{
    {{Verdict::nothing, "nothing"}, {Verdict::good, "good"}, {Verdict::bad, "bad"}, {Verdict::skip, "skip"}}};

constexpr Names<Undone::What, 2> k_undone{{{Undone::What::trial, "trial"}, {Undone::What::mark, "mark"}}};

constexpr Names<Outcome::Kind, 9> k_kinds{{{Outcome::Kind::inconclusive, "inconclusive"},
                                           {Outcome::Kind::passed, "passed"},
                                           {Outcome::Kind::crashed, "crashed"},
                                           {Outcome::Kind::hung, "hung"},
                                           {Outcome::Kind::build_failed, "build_failed"},
                                           {Outcome::Kind::boot_failed, "boot_failed"},
                                           {Outcome::Kind::workload_failed, "workload_failed"},
                                           {Outcome::Kind::untestable, "untestable"},
                                           {Outcome::Kind::stopped, "stopped"}}};

template <class Enum, std::size_t N>
const char* name_of(const Names<Enum, N>& names, Enum value) {
  for (const auto& [v, name] : names)
    if (v == value) return name;
  return "";
}

template <class Enum, std::size_t N>
Enum value_of(const Names<Enum, N>& names, const std::string& text) {
  for (const auto& [v, name] : names)
    if (text == name) return v;
  throw UsageError("unknown value \"" + text + "\"");
}

std::string format_time(std::chrono::system_clock::time_point at) {
  const auto ms = std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                static_cast<int>(ms % 1000));
  return text.data();
}

std::chrono::system_clock::time_point parse_time(const std::string& text) {
  std::tm utc{};
  int ms = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d.%dZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                  &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &ms) != 7)
    throw UsageError("bad time \"" + text + "\"");
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return std::chrono::system_clock::from_time_t(timegm(&utc)) + milliseconds(ms);
}

Json ids_to_json(const std::vector<CandidateId>& ids) {
  Json list = Json::array();
  for (const auto& id : ids) list.push_back(id.value);
  return list;
}

std::vector<CandidateId> ids_from_json(const Json& list) {
  std::vector<CandidateId> ids;
  for (const auto& item : list) ids.push_back({item.get<std::string>()});
  return ids;
}

Json oops_to_json(const Oops& oops) {
  Json j{{"title", oops.title},     {"alternatives", oops.alternatives},
         {"kind", oops.kind},       {"type", oops.type},
         {"frame", oops.frame},     {"taint", oops.taint},
         {"process", oops.process}, {"pid", oops.pid},
         {"cpu", oops.cpu},         {"corrupted", oops.corrupted},
         {"why", oops.why},         {"panicked", oops.panicked}};
  j["complaint"] = oops.complaint;
  j["lines"] = {oops.first_line, oops.last_line};
  j["bytes"] = {oops.begin, oops.end};
  j["modules"] = oops.modules;
  j["trace"] = Json::array();
  for (const auto& f : oops.trace) j["trace"].push_back({f.function, f.module});
  return j;
}

Oops oops_from_json(const Json& j) {
  Oops oops;
  j.at("title").get_to(oops.title);
  j.at("alternatives").get_to(oops.alternatives);
  j.at("kind").get_to(oops.kind);
  j.at("type").get_to(oops.type);
  j.at("frame").get_to(oops.frame);
  j.at("taint").get_to(oops.taint);
  j.at("process").get_to(oops.process);
  j.at("pid").get_to(oops.pid);
  j.at("cpu").get_to(oops.cpu);
  j.at("corrupted").get_to(oops.corrupted);
  j.at("why").get_to(oops.why);
  j.at("panicked").get_to(oops.panicked);
  j.at("complaint").get_to(oops.complaint);
  oops.first_line = j.at("lines").at(0).get<std::uint64_t>();
  oops.last_line = j.at("lines").at(1).get<std::uint64_t>();
  oops.begin = j.at("bytes").at(0).get<std::uint64_t>();
  oops.end = j.at("bytes").at(1).get<std::uint64_t>();
  j.at("modules").get_to(oops.modules);
  for (const auto& f : j.at("trace"))
    oops.trace.push_back({f.at(0).get<std::string>(), f.at(1).get<std::string>()});
  return oops;
}

Json outcome_to_json(const Outcome& outcome) {
  Json j{{"kind", name_of(k_kinds, outcome.kind)},
         {"detail", outcome.detail},
         {"workload", outcome.workload},
         {"exposure_ms", outcome.exposure.count()}};
  if (!outcome.log_tail.empty()) j["log_tail"] = outcome.log_tail;
  if (!outcome.suspect.empty()) j["suspect"] = outcome.suspect;
  j["oopses"] = Json::array();
  for (const auto& oops : outcome.oopses) j["oopses"].push_back(oops_to_json(oops));
  j["metrics"] = Json::array();
  for (const auto& m : outcome.metrics)
    j["metrics"].push_back({{"name", m.name}, {"value", m.value}, {"unit", m.unit}});
  return j;
}

Outcome outcome_from_json(const Json& j) {
  Outcome outcome;
  outcome.kind = value_of(k_kinds, j.at("kind").get<std::string>());
  j.at("detail").get_to(outcome.detail);
  j.at("workload").get_to(outcome.workload);
  outcome.exposure = milliseconds(j.at("exposure_ms").get<std::int64_t>());
  outcome.log_tail = j.value("log_tail", "");
  outcome.suspect = j.value("suspect", "");
  for (const auto& item : j.at("oopses")) outcome.oopses.push_back(oops_from_json(item));
  for (const auto& item : j.at("metrics"))
    outcome.metrics.push_back({item.at("name").get<std::string>(), item.at("value").get<double>(),
                               item.at("unit").get<std::string>()});
  return outcome;
}

// JSON text inside an event; empty text is null.
Json json_of(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json() : json;
}

std::string text_of(const Json& json) {
  return json.is_null() ? "" : json.dump();
}

// One pair of functions an event: put() writes its keys, take_NAME() reads them. k_readers is the table.
struct Writer {
  Json& j;

  void operator()(const SessionOpened& e) const {
    j["event"] = "session_opened";
    j["version"] = e.version;
    j["program"] = e.program;
    j["session"] = e.session;
    j["config"] = json_of(e.config);
    j["config_file"] = e.config_file;
    j["file_config"] = json_of(e.file_config);
    j["bad"] = e.bad.value;
    j["goods"] = ids_to_json(e.goods);
    j["merge_bases"] = ids_to_json(e.merge_bases);
    j["candidates"] = e.candidates;
    j["history"] = e.history;
  }
  void operator()(const SessionResumed& e) const {
    j["event"] = "session_resumed";
    j["program"] = e.program;
    j["config"] = json_of(e.config);
  }
  void operator()(const TrialStarted& e) const {
    j["event"] = "trial_started";
    j["trial"] = e.trial;
    j["candidate"] = e.candidate.value;
    j["purpose"] = name_of(k_purposes, e.purpose);
    j["soak_ms"] = e.soak.count();
    j["free_slots"] = e.free_slots;
  }
  void operator()(const TrialBooted& e) const {
    j["event"] = "trial_booted";
    j["trial"] = e.trial;
  }
  void operator()(const ImageReady& e) const {
    j["event"] = "image_ready";
    j["candidate"] = e.candidate.value;
    j["code"] = e.code;
    j["release"] = e.release;
    j["from_cache"] = e.from_cache;
    j["took_ms"] = e.took.count();
  }
  void operator()(const TrialEnded& e) const {
    j["event"] = "trial_ended";
    j["trial"] = e.trial;
    j["candidate"] = e.candidate.value;
    j["code"] = e.code;
    j["machine"] = e.machine;
    j["build_ms"] = e.build.count();
    j["run_ms"] = e.run.count();
    j["outcome"] = outcome_to_json(e.outcome);
  }
  void operator()(const Marked& e) const {
    j["event"] = "marked";
    j["candidate"] = e.candidate.value;
    j["trial"] = e.trial;
    j["verdict"] = name_of(k_verdicts, e.verdict);
    j["reason"] = e.reason;
  }
  void operator()(const Undone& e) const {
    j["event"] = "undone";
    j["what"] = name_of(k_undone, e.what);
    j["candidate"] = e.candidate.value;
    j["trial"] = e.trial;
  }
  void operator()(const Noted& e) const {
    j["event"] = "noted";
    j["text"] = e.text;
  }
  void operator()(const SessionClosed& e) const {
    j["event"] = "session_closed";
    j["exit_code"] = e.exit_code;
    j["text"] = e.text;
  }
};

CandidateId candidate_of(const Json& j) {
  return {j.at("candidate").get<std::string>()};
}
milliseconds ms_of(const Json& j, const char* key) {
  return milliseconds(j.at(key).get<std::int64_t>());
}

Event read_session_opened(const Json& j) {
  SessionOpened e;
  j.at("version").get_to(e.version);
  if (e.version > k_journal_version)
    throw UsageError("journal version " + std::to_string(e.version) + " is newer than this kverdict reads (" +
                     std::to_string(k_journal_version) + "); use the kverdict that wrote it, or a newer one");
  j.at("program").get_to(e.program);
  j.at("session").get_to(e.session);
  e.config = text_of(j.at("config"));
  j.at("config_file").get_to(e.config_file);
  e.file_config = text_of(j.at("file_config"));
  e.bad = {j.at("bad").get<std::string>()};
  e.goods = ids_from_json(j.at("goods"));
  e.merge_bases = ids_from_json(j.at("merge_bases"));
  j.at("candidates").get_to(e.candidates);
  j.at("history").get_to(e.history);
  return e;
}

Event read_session_resumed(const Json& j) {
  return SessionResumed{j.at("program").get<std::string>(), text_of(j.at("config"))};
}

Event read_trial_started(const Json& j) {
  return TrialStarted{j.at("trial").get<std::uint32_t>(), candidate_of(j),
                      value_of(k_purposes, j.at("purpose").get<std::string>()),
                      milliseconds(j.value("soak_ms", std::int64_t{0})), j.value("free_slots", 1U)};
}

Event read_trial_booted(const Json& j) {
  return TrialBooted{j.at("trial").get<std::uint32_t>()};
}

Event read_image_ready(const Json& j) {
  return ImageReady{candidate_of(j), j.at("code").get<std::string>(), j.at("release").get<std::string>(),
                    j.at("from_cache").get<bool>(), ms_of(j, "took_ms")};
}

Event read_trial_ended(const Json& j) {
  TrialEnded e;
  j.at("trial").get_to(e.trial);
  e.candidate = candidate_of(j);
  e.outcome = outcome_from_json(j.at("outcome"));
  j.at("code").get_to(e.code);
  j.at("machine").get_to(e.machine);
  e.build = ms_of(j, "build_ms");
  e.run = ms_of(j, "run_ms");
  return e;
}

Event read_marked(const Json& j) {
  return Marked{candidate_of(j), j.at("trial").get<std::uint32_t>(),
                value_of(k_verdicts, j.at("verdict").get<std::string>()), j.at("reason").get<std::string>()};
}

Event read_undone(const Json& j) {
  return Undone{value_of(k_undone, j.at("what").get<std::string>()), candidate_of(j),
                j.at("trial").get<std::uint32_t>()};
}

Event read_noted(const Json& j) {
  return Noted{j.at("text").get<std::string>()};
}

Event read_session_closed(const Json& j) {
  return SessionClosed{j.at("exit_code").get<int>(), j.at("text").get<std::string>()};
}

struct Reader {
  const char* event;
  Event (*read)(const Json&);
};

constexpr std::array k_readers{
    Reader{"session_opened", read_session_opened},
    Reader{"session_resumed", read_session_resumed},
    Reader{"trial_started", read_trial_started},
    Reader{"trial_booted", read_trial_booted},
    Reader{"image_ready", read_image_ready},
    Reader{"marked", read_marked},
    Reader{"undone", read_undone},
    Reader{"trial_ended", read_trial_ended},
    Reader{"noted", read_noted},
    Reader{"session_closed", read_session_closed},
};

Event read_event(const Json& j) {
  const auto name = j.at("event").get<std::string>();
  for (const auto& reader : k_readers)
    if (name == reader.event) return reader.read(j);
  throw UsageError("unknown event \"" + name + "\"");
}

constexpr std::size_t k_longest_line = 64U << 20;

}  // namespace

// Hostile bytes from a guest may be in any text: replaced, never thrown at.
static std::string dump(const Json& j) {
  return j.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string encode(const Entry& entry) {
  Json j;
  j["at"] = format_time(entry.at);
  std::visit(Writer{j}, entry.event);
  return dump(j);
}

std::string encode_outcome(const Outcome& outcome) {
  return dump(outcome_to_json(outcome));
}

Entry decode_entry(std::string_view line) {
  if (line.size() > k_longest_line) throw UsageError("line too long");
  const Json j = Json::parse(line, nullptr, false);
  if (!j.is_object()) throw UsageError("not a JSON object");
  try {
    return {parse_time(j.at("at").get<std::string>()), read_event(j)};
  } catch (const nlohmann::json::exception& e) {  // a missing key or a wrong type, in the library's words
    throw UsageError(e.what());
  }
}

namespace {

bool is_torn(std::string_view line) {
  return Json::parse(line, nullptr, false).is_discarded();
}

Entry decode_line(std::string_view line, const std::string& name, std::size_t number) {
  try {
    return decode_entry(line);
  } catch (const UsageError& e) {
    throw UsageError(name + ":" + std::to_string(number) + ": corrupt journal: " + e.what() +
                     "; restore the file or start a new session");
  }
}

void check_first(const JournalText& journal, const std::string& name) {
  if (journal.entries.empty())
    throw UsageError(name + ": empty journal: nothing to resume; start a new session");
  if (!std::holds_alternative<SessionOpened>(journal.entries.front().event))
    throw UsageError(name + ":1: not a kverdict journal: the first line must be session_opened");
}

}  // namespace

JournalText decode_journal(std::string_view text, const std::string& name) {
  JournalText journal;
  std::size_t number = 0;
  while (journal.whole_bytes < text.size()) {
    const auto rest = text.substr(journal.whole_bytes);
    const auto end = rest.find('\n');
    const bool last = end == std::string_view::npos || end + 1 == rest.size();
    const auto line = rest.substr(0, end);
    if (end == std::string_view::npos || (last && is_torn(line))) {
      journal.torn_bytes = rest.size();
      break;
    }
    journal.entries.push_back(decode_line(line, name, ++number));
    journal.whole_bytes += end + 1;
  }
  check_first(journal, name);
  return journal;
}

}  // namespace kverdict
