#include "orchestrator/core/console/report.hpp"

#include <algorithm>

#include "orchestrator/core/console/demangle.hpp"
#include "orchestrator/core/console/families.hpp"
#include "orchestrator/core/console/pattern.hpp"
#include "orchestrator/core/console/title.hpp"
#include "orchestrator/core/console/trace.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_longest_trace = 64;
constexpr std::string_view k_no_frame = "corrupted";

using Kind = BodyStep::Kind;

// What the pickers walk over: the body without plain text.
using Body = std::vector<BodyStep>;

// Fault injection reports itself in the middle of what others say.
bool is_injector(std::string_view function) {
  return fits_any("should_fail* __should_fail*", function);
}

bool is_injection(std::string_view text) {
  return text.starts_with("FAULT_INJECTION: ") ||
         text.find("vmalloc: allocation failure") != std::string_view::npos;
}

Body read_body(const Report& report, bool own_only) {
  Body body;
  for (std::size_t i = 1; i < report.lines.size(); ++i) {
    const auto& line = report.lines[i];
    if ((own_only && !line.own) || (line.kind == Kind::text && !line.other_header)) continue;
    auto step = line.kind == Kind::text ? BodyStep{} : read_step(line.text);
    step.kind = line.other_header ? Kind::intruder : line.kind;
    body.push_back(step);
  }
  return body;
}

enum class Reading {
  explicit_only,  // frames count below a "Call Trace:" only, when there is one
  implicit_too,   // sanitizers list frames below their own words
  everything,     // lock reports: the first trace of the past is as good
};

// Calls visit(frames) for each live call trace in order (a pointer inside of it is a frame of it), until it
// returns true or another report intrudes.
template <class Visit>
void each_trace(const Body& body, Reading reading, Visit visit) {
  std::vector<NamedFrame> frames;
  bool live = reading != Reading::explicit_only;
  bool in_trace = false;
  const BodyStep* pointer = nullptr;  // said in front of the trace: its innermost frame
  const auto close = [&] {
    const bool done = !frames.empty() && visit(frames);
    frames.clear();
    in_trace = false;
    return done;
  };
  for (const auto& step : body) {
    const bool begins = step.kind == Kind::trace_start;
    if (begins || step.kind == Kind::other_trace || step.kind == Kind::user || step.kind == Kind::intruder) {
      if (close() || step.kind == Kind::intruder) return;
      if (begins && pointer) frames.push_back({pointer->function, pointer->module});
      if (step.kind != Kind::user) live = begins || reading == Reading::everything;
      continue;
    }
    if (!step.has_name || !step.reliable || (!live && step.kind != Kind::pointer) ||
        frames.size() >= 4 * k_longest_trace)
      continue;
    if (step.kind == Kind::pointer && !in_trace) {
      pointer = &step;
      continue;
    }
    pointer = nullptr;
    in_trace = true;
    if (frames.empty() || frames.back().function != step.function)
      frames.push_back({step.function, step.module});
    if (!step.caller_function.empty()) frames.push_back({step.caller_function, step.module});
  }
  close();
}

struct Choice {
  std::string frame;
  std::string origin;  // the same for the second trace (KMSAN's origin)
  std::vector<TraceFrame> trace;
};

bool is_worthy(const Rule& rule, std::string_view function) {
  return !is_glue(function) && !fits_any(rule.skip, plain_function(function));
}

void keep_trace(Choice& choice, const std::vector<NamedFrame>& frames) {
  choice.trace.clear();
  for (const auto& frame : frames) {
    if (choice.trace.size() >= k_longest_trace) return;
    choice.trace.push_back({demangled(frame.function), std::string(frame.module)});
  }
}

void choose_from_traces(const Rule& rule, const Body& body, Choice& choice) {
  const bool lists = rule.kind == "kmsan" || rule.kind == "kcsan" || rule.kind == "kfence";
  auto reading = lists ? Reading::implicit_too : Reading::explicit_only;
  if (rule.plan == FramePlan::site || rule.plan == FramePlan::chain) reading = Reading::everything;
  each_trace(body, reading, [&](const std::vector<NamedFrame>& frames) {
    if (choice.trace.empty()) keep_trace(choice, frames);
    for (const auto& frame : frames) {
      if (!is_worthy(rule, frame.function)) continue;
      choice.frame = std::string(frame.function);
      keep_trace(choice, frames);
      return true;
    }
    return false;
  });
}

void choose_pointer(const Rule& rule, const Body& body, Choice& choice) {
  for (const auto& step : body) {
    if (step.kind == Kind::intruder) return;
    if (step.kind != Kind::pointer || !step.has_name) continue;
    if (is_worthy(rule, step.function)) choice.frame = std::string(step.function);
    return;
  }
}

void choose_picked(const Body& body, std::string_view (*pick)(const std::vector<NamedFrame>&),
                   Choice& choice) {
  each_trace(body, Reading::explicit_only, [&](const std::vector<NamedFrame>& frames) {
    if (choice.trace.empty()) keep_trace(choice, frames);
    const auto frame = pick(frames);
    if (frame.empty()) return pick == pick_hung;  // only the first trace is the hung task's
    choice.frame = std::string(frame);
    keep_trace(choice, frames);
    return true;
  });
}

// The last steps of an interrupt's way in, by architecture.
bool is_interrupt_entry(std::string_view function) {
  return fits_any(
      "*apic_timer_interrupt* el1_irq* el1_interrupt* el1h_64_irq* __irq_svc* decrementer_common* "
      "timer_interrupt ext_int_handler handle_vint_wrap* riscv_intc_irq* do_irq_handler*",
      function);
}

// What the tick interrupted, when the report shows it: all frames behind the interrupt's entry.
void choose_interrupted(const Body& body, Choice& choice) {
  std::vector<NamedFrame> frames;
  bool behind = false;
  for (const auto& step : body) {
    const bool frame = step.kind == Kind::frame || (step.kind == Kind::pointer && step.has_name);
    if (behind && !frame) break;
    const bool entry = frame && step.reliable && is_interrupt_entry(step.function);
    if (behind && step.reliable && !(entry && frames.empty())) frames.push_back({step.function, step.module});
    behind = behind || entry;
  }
  const auto frame = pick_stalled(frames);
  if (frame.empty()) return;
  choice.frame = std::string(frame);
  keep_trace(choice, frames);
}

// "... at: [<ffffffff81234567>] f+0x1/0x2" of a lock line
std::string_view site_in(std::string_view text) {
  auto at = text.find(", at: ");
  if (at == std::string_view::npos) return {};
  const auto step = read_step(text.substr(at + 6));
  return step.kind == Kind::frame ? step.function : std::string_view{};
}

void choose_site(const Rule& rule, const Report& report, bool own_only, Choice& choice) {
  for (const auto& line : report.lines) {
    if (own_only && !line.own) continue;
    const auto kind = line.kind;
    if (kind == Kind::frame || kind == Kind::trace_start) return;
    const auto site = site_in(line.text);
    if (site.empty() || !is_worthy(rule, site)) continue;
    choice.frame = std::string(site);
    return;
  }
}

// Where KMSAN's uninitialised memory came from.
void choose_origin(const Rule& rule, const Body& body, Choice& choice) {
  bool past = false;
  for (const auto& step : body) {
    past = past || step.kind == Kind::other_trace;
    if (!past || step.kind != Kind::frame || !step.reliable || !is_worthy(rule, step.function)) continue;
    if (plain_function(step.function).find("alloc_skb") != std::string_view::npos) continue;
    choice.origin = std::string(step.function);
    return;
  }
}

// Does the header name a function as its last capture?
bool says_function(const Rule& rule) {
  const auto at = rule.header.rfind('{');
  return at != std::string_view::npos && (rule.header[at + 1] == 'o' || rule.header[at + 1] == 'f');
}

Choice choose(const Rule& rule, const Report& report, Body body, bool own_only, std::string_view named) {
  const bool picked = rule.plan == FramePlan::stall || rule.plan == FramePlan::hung;
  // A stall is told in pieces, by several reporters.
  if (rule.plan == FramePlan::stall)
    std::erase_if(body, [](const BodyStep& step) { return step.kind == Kind::intruder; });
  Choice choice;
  if ((rule.plan == FramePlan::body || says_function(rule)) && !named.empty() && is_worthy(rule, named))
    choice.frame = std::string(named);
  if (rule.plan == FramePlan::site) choose_site(rule, report, own_only, choice);
  if (rule.plan == FramePlan::pointer) choose_pointer(rule, body, choice);
  if (rule.kind == "rcu_stall") choose_interrupted(body, choice);
  if (rule.plan == FramePlan::stall && choice.frame.empty()) choose_picked(body, pick_stalled, choice);
  if (rule.plan == FramePlan::hung) choose_picked(body, pick_hung, choice);
  if (picked || rule.plan == FramePlan::none) return choice;
  Choice traced;
  choose_from_traces(rule, body, traced);
  choice.trace = std::move(traced.trace);
  if (choice.frame.empty()) choice.frame = std::move(traced.frame);
  if (choice.frame.empty() && rule.plan == FramePlan::trace) choose_pointer(rule, body, choice);
  if (choice.frame.empty() && rule.plan == FramePlan::trace) choose_site(rule, report, own_only, choice);
  if (rule.coarse.find("{O}") != std::string_view::npos) choose_origin(rule, body, choice);
  return choice;
}

std::string filled(std::string_view pattern, std::string_view frame, std::string_view origin,
                   const std::vector<std::string_view>& captures) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{' || i + 2 >= pattern.size() || pattern[i + 2] != '}') {
      out += pattern[i];
      continue;
    }
    const char what = pattern[i + 1];
    if (what == 'F')
      out += frame;
    else if (what == 'O')
      out += origin;
    else if (const auto index = static_cast<std::size_t>(what - '1'); index < captures.size())
      out += captures[index];
    i += 2;
  }
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

// "KASAN-{1}-READ" and its like: only the classes that matter are spelt out.
std::string type_of(const Rule& rule, const std::vector<std::string_view>& captures) {
  if (rule.type.find('{') == std::string_view::npos) return std::string(rule.type);
  const auto what = captures.empty() ? std::string_view{} : captures[0];
  const auto family = rule.type.substr(0, rule.type.find('-'));
  if (family == "KMSAN")
    return what.find("infoleak") != std::string_view::npos ? "KMSAN-INFO-LEAK" : "KMSAN-" + upper(what);
  std::string out(family);
  if (what.find("use-after-free") != std::string_view::npos) out += "-USE-AFTER-FREE";
  if (what.find("null-ptr-deref") != std::string_view::npos) out += "-NULL-POINTER-DEREFERENCE";
  const auto access = family == "KFENCE" ? (captures.size() > 1 ? upper(captures[1]) : "READ")
                                         : std::string(rule.type.substr(rule.type.rfind('-') + 1));
  return out + "-" + access;
}

// The first rule whose body line is there too, nullptr = none; captures are those of header and body.
const Rule* fitting_rule(const Report& report, std::vector<std::string_view>& captures) {
  const auto header = std::string_view(report.lines.front().text);
  std::vector<std::string_view> more;
  for (const auto* rule : report.rules) {
    auto pattern = rule->header;
    if (pattern.starts_with('^')) pattern.remove_prefix(1);
    match_header(pattern, header.substr(report.cue - std::min(report.cue, pattern.find(rule->cue))),
                 captures);
    if (rule->body.empty()) return rule;
    for (const auto& line : report.lines) {
      if (!line.own) continue;
      auto text = std::string_view(line.text);
      while (!text.empty() && (text[0] == ' ' || text[0] == '	')) text.remove_prefix(1);
      if (!match_header(rule->body, text, more)) continue;
      captures.insert(captures.end(), more.begin(), more.end());
      return rule;
    }
  }
  return nullptr;
}

Flavours flavours_of(const Rule& rule) {
  return rule.plan == FramePlan::stall || rule.plan == FramePlan::hung ? Flavours::joined : Flavours::apart;
}

void add_name(std::vector<std::string>& names, const std::string& title, std::string name) {
  name = normal_title(name);
  if (name != title && std::find(names.begin(), names.end(), name) == names.end())
    names.push_back(std::move(name));
}

void give_names(const Rule& rule, const std::string& frame, const std::string& origin,
                std::vector<std::string_view> captures, Oops& oops) {
  if (rule.kind == "kcsan" && captures.size() == 2 && captures[1] < captures[0])
    std::swap(captures[0], captures[1]);
  std::vector<std::string> names = names_of(frame, flavours_of(rule));
  oops.title = normal_title(filled(rule.title, names.front(), origin, captures));
  const bool framed = rule.title.find("{F}") != std::string_view::npos;
  for (std::size_t i = 1; framed && i < names.size(); ++i)
    add_name(oops.alternatives, oops.title, filled(rule.title, names[i], origin, captures));
  if (rule.coarse.empty()) return;
  const auto origins = names_of(origin, Flavours::apart);
  for (const auto& name : names)
    add_name(oops.alternatives, oops.title, filled(rule.coarse, name, origins.front(), captures));
}

// Lines that only reports hold.
bool is_report_text(std::string_view text) {
  while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
  static constexpr std::string_view k_starts[] = {"Code:",        "RSP:",
                                                  "RAX:",         "RDX:",
                                                  "RBP:",         "R10:",
                                                  "R13:",         "FS: ",
                                                  "CS: ",         "CR2:",
                                                  "DR0:",         "DR3:",
                                                  "PKRU:",        "---[ ",
                                                  "CPU: ",        "Hardware name",
                                                  "Kernel panic", "Kernel Offset",
                                                  "Rebooting in", "<TASK>",
                                                  "</TASK>",      "<IRQ>",
                                                  "</IRQ>",       "Modules linked",
                                                  "Read of size", "Write of size",
                                                  "======",       "Oops",
                                                  "#PF:",         "PGD ",
                                                  "Tainted:",     "Workqueue:",
                                                  "Memory state", "Showing all locks"};
  return std::any_of(std::begin(k_starts), std::end(k_starts),
                     [&](auto start) { return text.starts_with(start); });
}

}  // namespace

void append(Report& report, ReportLine line, const BodyStep& step) {
  line.kind = step.kind;
  const bool injected = step.kind == Kind::frame ? is_injector(step.function)
                                                 : step.kind == Kind::text && is_injection(line.text);
  if (injected) line.kind = Kind::intruder;
  if (line.kind == Kind::frame && line.own && step.reliable) ++report.frames;
  report.lines.push_back(std::move(line));
}

// The last line that belongs to the report for sure; what follows it is only near.
static const ReportLine& last_line(const Report& report) {
  for (std::size_t i = report.lines.size(); i-- > 1;)
    if (report.lines[i].own && (report.lines[i].kind != Kind::text || is_report_text(report.lines[i].text)))
      return report.lines[i];
  return report.lines.front();
}

std::optional<Oops> read_report(const Report& report) {
  std::vector<std::string_view> captures;
  const auto* const fitting = fitting_rule(report, captures);
  if (!fitting) return std::nullopt;
  const auto& rule = *fitting;
  const auto named = captures.empty() ? std::string_view{} : captures.back();
  Oops oops;
  auto choice = choose(rule, report, read_body(report, true), true, named);
  const bool framed = rule.title.find("{F}") != std::string_view::npos;
  const bool elsewhere = framed && choice.frame.empty() && rule.plan == FramePlan::stall;
  if (elsewhere) choice = choose(rule, report, read_body(report, false), false, named);
  if (framed && choice.frame.empty())
    oops.why = "no frame to name";
  else if (elsewhere)
    oops.why = "only another CPU's trace names a frame";
  else if (rule.whole == Wholeness::torn)
    oops.why = "the header alone does not name it";
  else if (rule.whole == Wholeness::trace && report.frames == 0)
    oops.why = "no call trace";
  oops.corrupted = !oops.why.empty();
  choice.frame = demangled(choice.frame);
  oops.frame = choice.frame.empty() ? std::string{} : names_of(choice.frame, flavours_of(rule)).front();
  oops.kind = std::string(rule.kind);
  oops.type = type_of(rule, captures);
  oops.complaint = rule.gravity == Gravity::complaint;
  oops.panicked = report.panicked;
  give_names(rule, choice.frame.empty() ? std::string(k_no_frame) : choice.frame, choice.origin, captures,
             oops);
  oops.trace = std::move(choice.trace);
  oops.first_line = report.lines.front().number;
  oops.begin = report.lines.front().begin;
  oops.last_line = last_line(report).number;
  oops.end = last_line(report).end;
  for (const auto& line : report.lines)
    if (line.own) read_who(line.text, oops);
  return oops;
}

}  // namespace kverdict
