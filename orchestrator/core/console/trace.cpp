#include "orchestrator/core/console/trace.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace kverdict {
namespace {

constexpr std::size_t k_most_modules = 200;
constexpr std::size_t k_longest_name = 256;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Letters of function names.
constexpr auto k_symbol = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.$"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_symbol(char c) {
  return k_symbol[static_cast<unsigned char>(c)];
}

// "[<ffffffff81234567>]", "[c0000000003f9b68]", "[<ffffffff81234567>]{...}": addresses in front of a symbol.
std::string_view without_addresses(std::string_view text) {
  while (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close > 24) return text;
    auto inside = text.substr(1, close - 1);
    if (inside.starts_with('<') && inside.ends_with('>')) inside = inside.substr(1, inside.size() - 2);
    if (inside.size() < 8 || !std::all_of(inside.begin(), inside.end(), is_hex)) return text;
    text = trimmed(text.substr(close + 1));
  }
  return text;
}

struct Symbol {
  std::string_view name;
  std::size_t length = 0;  // with its offset
  bool inlined = false;
};

// Length of "<a::B as c::D>::e" at the front.
std::size_t rust_length(std::string_view text) {
  int depth = 0;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '<') ++depth;
    if (c == '>') --depth;
    const bool path = c == '<' || c == '>' || c == ':' || (depth > 0 && (c == ' ' || c == '&' || c == ','));
    if (!is_symbol(c) && !path) break;
  }
  return at;
}

// "name+0x12/0x34" at the front; Rust names may hold blanks inside of <>.
std::optional<Symbol> read_symbol(std::string_view text) {
  std::size_t at = 0;
  const auto bound = std::min(text.size(), k_longest_name);
  if (text.starts_with('<')) {
    at = rust_length(text.substr(0, bound));
  } else {
    while (at < bound && is_symbol(text[at])) ++at;
    if (text.substr(at).starts_with("::")) at = rust_length(text.substr(0, bound));
  }
  if (at == 0 || !text.substr(at).starts_with("+0x")) return std::nullopt;
  const auto name = text.substr(0, at);
  at += 3;
  while (at < text.size() && is_hex(text[at])) ++at;
  if (!text.substr(at).starts_with("/0x")) return std::nullopt;
  at += 3;
  while (at < text.size() && is_hex(text[at])) ++at;
  return Symbol{name, at, false};
}

// "name file.c:12 [inline]" of a report that was symbolized
std::optional<Symbol> read_inlined(std::string_view text) {
  if (!text.ends_with(" [inline]")) return std::nullopt;
  const auto space = text.find(' ');
  const auto name = text.substr(0, space);
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_symbol)) return std::nullopt;
  return Symbol{name, space, true};
}

std::string_view module_of(std::string_view rest) {
  rest = trimmed(rest);
  if (!rest.starts_with('[')) return {};
  const auto name = rest.substr(1, rest.find_first_of(" ]") - 1);
  return name == "inline" ? std::string_view{} : name;
}

bool starts_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text[0] == word[0] && text.starts_with(word); });
}

bool is_trace_start(std::string_view text) {
  return starts_any(text,
                    {"Call Trace:", "Call trace:", "Call Trace (", "Backtrace:", "backtrace:", "backtrace (",
                     "stack backtrace:", "NMI backtrace for", "Stack traceback", "call trace:"});
}

bool is_other_trace(std::string_view text) {
  return starts_any(text, {"-> #",
                           "Allocated by",
                           "Allocated:",
                           "Freed by",
                           "Freed:",
                           "Uninit was ",
                           "Last potentially",
                           "Second to last",
                           "Local variable",
                           "allocated by task",
                           "freed by task",
                           "Preemption disabled at",
                           "Last breaking",
                           "Last call_rcu",
                           "Modules linked in",
                           "hardirqs last",
                           "softirqs last",
                           "stack of ",
                           "The buggy address",
                           "page_owner tracks",
                           "page last allocated",
                           "page last free",
                           "Memory state"});
}

// First letters of what is_trace_start(), is_other_trace() and read_pointer() look for.
bool may_be_keyword(char c) {
  return std::string_view("CBbsN-ScAFULlaPMhTpRIEKe").find(c) != std::string_view::npos;
}

std::optional<BodyStep> read_arm_frame(std::string_view text) {
  // "[<802b3ffc>] (left+0x0/0x78) from [<802e1324>] (right+0x6c/0x120)", "left from right+0x1/0x2"
  const auto from = text.find(" from ");
  if (from == std::string_view::npos) return std::nullopt;
  auto left = trimmed(text.substr(0, from));
  auto right = without_addresses(trimmed(text.substr(from + 6)));
  if (left.starts_with('(') && left.ends_with(')')) left = left.substr(1, left.size() - 2);
  if (right.starts_with('(')) right.remove_prefix(1);
  const auto caller = read_symbol(right);
  if (!caller || left.empty()) return std::nullopt;
  const auto name = left.substr(0, left.find('+'));
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_symbol)) return std::nullopt;
  BodyStep step;
  step.kind = BodyStep::Kind::frame;
  step.has_name = true;
  step.function = name;
  step.caller_function = caller->name;
  return step;
}

BodyStep pointer_at(std::string_view rest) {
  BodyStep step;
  step.kind = BodyStep::Kind::pointer;
  rest = without_addresses(trimmed(rest));
  if (rest.starts_with("0010:") || rest.starts_with("0018:") || rest.starts_with("e030:") ||
      rest.starts_with("0008:") || rest.starts_with("0060:") || rest.starts_with("0061:"))
    rest.remove_prefix(5);
  else if (rest.size() > 5 && rest[4] == ':' && is_hex(rest[0]) && is_hex(rest[1])) {
    step.kind = BodyStep::Kind::user;
    return step;
  }
  rest = without_addresses(trimmed(rest));
  if (rest.starts_with('(')) rest.remove_prefix(1);
  if (const auto symbol = read_symbol(rest)) {
    step.has_name = true;
    step.function = symbol->name;
    step.module = module_of(rest.substr(symbol->length));
  }
  return step;
}

std::optional<BodyStep> read_pointer(std::string_view text) {
  static constexpr std::array<std::string_view, 16> k_names = {
      "RIP: ", "RIP  ",  "EIP is at ", "EIP: ",    "IP: ",  "PC is at ", "pc : ",       "pc: ",
      "NIP [", "epc : ", "epc: ",      "epc   : ", "ERA: ", "IAOQ[0]: ", "Krnl PSW : ", "RIP:"};
  for (const auto name : k_names) {
    if (text[0] != name[0] || !text.starts_with(name)) continue;
    auto rest = text.substr(name.size());
    if (name == "NIP [") rest = text.substr(4);
    if (name == "Krnl PSW : ") {
      const auto open = rest.find('(');
      if (open == std::string_view::npos) return std::nullopt;
      rest = rest.substr(open);
    }
    return pointer_at(rest);
  }
  return std::nullopt;
}

std::optional<BodyStep> read_frame(std::string_view text) {
  BodyStep step;
  step.kind = BodyStep::Kind::frame;
  step.has_name = true;
  // "<IRQ>  [<ffffffff816ecb37>] f+0x1/0x2" of old kernels
  if (text.starts_with('<')) {
    const auto close = text.find('>');
    if (close != std::string_view::npos && close < 12 && close + 1 < text.size() && text[close + 1] == ' ')
      text = trimmed(text.substr(close + 1));
  }
  if (text.starts_with("([<")) text.remove_prefix(1);
  text = without_addresses(text);
  if (text.starts_with("? ")) {
    step.reliable = false;
    text = trimmed(text.substr(2));
    text = without_addresses(text);
  }
  if (text.starts_with('(') && text.find(" from ") == std::string_view::npos) text.remove_prefix(1);
  auto symbol = read_symbol(text);
  if (!symbol) symbol = read_inlined(text);
  if (!symbol) return std::nullopt;
  step.function = symbol->name;
  step.inlined = symbol->inlined;
  const auto rest = text.substr(std::min(symbol->length, text.size()));
  step.module = module_of(rest);
  if (rest.find("(unreliable)") != std::string_view::npos) step.reliable = false;
  return step;
}

int number_after(std::string_view text, std::string_view word) {
  const auto at = text.find(word);
  if (at == std::string_view::npos) return -1;
  int value = -1;
  const auto digits = text.substr(at + word.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

void read_modules(std::string_view list, Oops& oops) {
  if (!oops.modules.empty()) return;
  while (oops.modules.size() < k_most_modules) {
    list = trimmed(list);
    const auto word = list.substr(0, list.find(' '));
    if (word.empty() || word.starts_with('[')) return;
    oops.modules.emplace_back(word.substr(0, word.find('(')));
    list.remove_prefix(word.size());
  }
}

void read_taint(std::string_view text, Oops& oops) {
  const auto at = text.find("Tainted: ");
  if (at == std::string_view::npos || !oops.taint.empty()) return;
  for (const char c : text.substr(at + 9)) {
    if (c >= 'A' && c <= 'Z')
      oops.taint += c;
    else if (c != ' ')
      break;
  }
}

// "insmod:89 blocked for more than", "insmod          state:D stack:0     pid:89"
void read_task(std::string_view text, Oops& oops) {
  if (oops.pid >= 0) return;
  const auto pid = number_after(text, "pid:");
  const auto name = text.substr(0, std::min(text.find(' '), std::size_t{32}));
  const auto colon = name.rfind(':');
  oops.pid = pid >= 0 ? pid : number_after(name.substr(std::min(colon, name.size())), ":");
  oops.process = std::string(pid >= 0 ? name : name.substr(0, colon));
}

}  // namespace

BodyStep read_step(std::string_view text) {
  text = trimmed(text);
  BodyStep step;
  if (text.size() < 4) return step;
  if (may_be_keyword(text[0])) {
    if (is_trace_start(text))
      step.kind = BodyStep::Kind::trace_start;
    else if (is_other_trace(text))
      step.kind = BodyStep::Kind::other_trace;
    if (step.kind != BodyStep::Kind::text) return step;
    if (const auto pointer = read_pointer(text)) return *pointer;
  }
  if (text.back() == ':' && (text.ends_with("Call Trace:") || text.ends_with("Call trace:"))) {
    step.kind = BodyStep::Kind::trace_start;  // behind words that lost their line end
    return step;
  }
  const auto plus = text.find('+');
  const bool symbolic = plus != std::string_view::npos && text.substr(plus).starts_with("+0x");
  if (!symbolic && text.find("+0x") == std::string_view::npos && !text.ends_with("[inline]")) return step;
  if (const auto frame = read_frame(text)) return *frame;
  if (const auto arm = read_arm_frame(without_addresses(text))) return *arm;
  return step;
}

void read_who(std::string_view text, Oops& oops) {
  text = trimmed(text);
  if (text.starts_with("Modules linked in:")) return read_modules(text.substr(18), oops);
  if (text.starts_with("INFO: task ") || text.starts_with("task:"))
    return read_task(text.substr(text.find("task") + 5), oops);
  if (!text.starts_with("CPU: ") && !text.starts_with("Tainted: ") && !text.starts_with("Pid: ")) return;
  if (oops.taint.empty()) read_taint(text, oops);
  const auto comm = text.find("Comm: ");
  if (comm == std::string_view::npos || text.find("PID: ") == std::string_view::npos) return;
  if (oops.cpu < 0) oops.cpu = number_after(text, "CPU: ");
  if (oops.pid >= 0) return;
  oops.pid = number_after(text, "PID: ");
  auto name = text.substr(comm + 6);
  for (const std::string_view end : {" Not tainted", " Tainted:", " Kdump:"})
    name = name.substr(0, name.find(end));
  oops.process = std::string(name.substr(0, 32));
}

}  // namespace kverdict
