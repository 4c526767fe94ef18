#include "orchestrator/core/console/rules.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "orchestrator/core/console/pattern.hpp"

namespace kverdict {
namespace {

struct BenignFamily {
  std::string_view pattern;  // pattern.hpp, tried at the header
};

constexpr BenignFamily k_benign[] = {
    {"INFO: lockdep is turned off"},
    {"INFO: NMI handler"},
    {"INFO: Stall ended"},
    {"INFO: recovery required"},
    {"INFO: * took too long"},
    {"INFO: task * is blocked on a"},
    {"INFO: *is not present in"},
    {"INFO: no syscalls"},
    {"WARNING: *does not exist"},
    {"WARNING: *deprecated"},
    {"WARNING: *mount option"},
    {"WARNING: *mitigation"},
    {"WARNING: *http"},
    {"WARNING: *is enabled"},
    {"WARNING: *not configured"},
    {"WARNING: *missed to"},
    {"WARNING: *Unsupported"},
    {"WARNING: *unsupported"},
    {"WARNING: *Please"},
    {"WARNING: *please"},
    {"WARNING: workqueue cpumask"},
    {"WARNING: *data leaks possible"},
    {"WARNING: *not compiled with"},
    {"WARNING: *performance"},
    {"WARNING: *clocksource"},
    {"WARNING: *BIOS bug"},
    {"WARNING: *has been replaced"},
    {"WARNING: *command line"},
    {"WARNING: *may be unreliable"},
    {"WARNING: Ignoring "},
    {"WARNING: Estimating "},
    {"WARNING: CPU does not support"},
    {"INFO: timekeeping"},
};

// Words in front of a header that say who found it.
constexpr std::string_view k_lead_ins[] = {"NMI watchdog: ", "watchdog: ", "rcu: ",    "[ ",      "Oops: ",
                                           "traps: ",        "mce: ",      "kernel: ", "Oops - ", "nmi: "};

constexpr std::string_view k_panic = "Kernel panic - not syncing";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Cues that end with a colon, by their last letter; and cues that start a text, by their first.
class Cues {
 public:
  Cues() {
    for (const auto& rule : all_rules()) {
      auto& list =
          rule.cue.back() == ':' ? colon_[slot(rule.cue[rule.cue.size() - 2])] : start_[slot(rule.cue[0])];
      if (std::find(list.begin(), list.end(), rule.cue) == list.end()) list.push_back(rule.cue);
    }
    for (const auto lead : k_lead_ins) leads_[slot(lead[0])] = true;
  }
  const std::vector<std::string_view>& before_colon(char c) const { return colon_[slot(c)]; }
  const std::vector<std::string_view>& at_start(char c) const { return start_[slot(c)]; }
  bool may_lead(char c) const { return leads_[slot(c)]; }

 private:
  static std::size_t slot(char c) { return static_cast<unsigned char>(c) & 127u; }
  std::array<std::vector<std::string_view>, 128> colon_;
  std::array<std::vector<std::string_view>, 128> start_;
  std::array<bool, 128> leads_{};
};

const Cues k_cues;

const Cues& cues() {
  return k_cues;
}

// Where the message proper starts, behind lead-ins.
std::size_t lead_length(std::string_view text) {
  std::size_t at = 0;
  while (at < 2 && at < text.size() && text[at] == ' ') ++at;  // what a transport put between
  for (int round = 0; round < 3 && at < text.size() && cues().may_lead(text[at]); ++round) {
    const auto rest = text.substr(at);
    const auto* const end = std::end(k_lead_ins);
    const auto* const lead =
        std::find_if(std::begin(k_lead_ins), end, [&](auto word) { return rest.starts_with(word); });
    if (lead == end) break;
    at += lead->size();
  }
  return at;
}

Cue cue_at_start(std::string_view text, std::size_t lead) {
  if (lead >= text.size()) return {};
  const auto rest = text.substr(lead);
  for (const auto cue : cues().at_start(rest[0]))
    if (rest.starts_with(cue)) return {lead};
  return {};
}

// Where the cue that ends with the colon at `colon` begins.
std::size_t cue_before(std::string_view text, std::size_t colon) {
  if (colon == 0) return std::string_view::npos;
  for (const auto cue : cues().before_colon(text[colon - 1])) {
    if (colon + 1 < cue.size()) continue;
    const auto begin = colon + 1 - cue.size();
    if (text.substr(begin, cue.size()) == cue && (begin == 0 || !is_letter(text[begin - 1]))) return begin;
  }
  // A panic in the middle of a line, behind words that lost their line end.
  if (text.substr(0, colon).ends_with(k_panic)) return colon - k_panic.size();
  return std::string_view::npos;
}

Cue cue_at_colon(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const auto* const found =
        static_cast<const char*>(std::memchr(text.data() + from, ':', text.size() - from));
    if (!found) return {};
    const auto at = static_cast<std::size_t>(found - text.data());
    if (const auto begin = cue_before(text, at); begin != std::string_view::npos) return {begin};
    from = at + 1;
  }
  return {};
}

bool header_fits(const Rule& rule, std::string_view text, std::size_t at, std::size_t lead,
                 std::vector<std::string_view>& captures) {
  auto pattern = rule.header;
  const bool bound = pattern.starts_with('^');
  if (bound) pattern.remove_prefix(1);
  // The pattern may begin before its cue ("divide error: " with cue "error:").
  const auto cue_in_pattern = pattern.find(rule.cue);
  if (cue_in_pattern == std::string_view::npos || cue_in_pattern > at) return false;
  const auto begin = at - cue_in_pattern;
  if (bound && begin != lead && begin != 0) return false;
  return match_header(pattern, text.substr(begin), captures);
}

void add_rules(std::string_view text, std::size_t at, std::size_t lead, Header& header) {
  std::vector<std::string_view> captures;
  const auto rest = text.substr(at);
  for (const auto& rule : all_rules())
    if (rule.cue[0] == rest[0] && rest.starts_with(rule.cue) && header_fits(rule, text, at, lead, captures))
      header.rules.push_back(&rule);
  header.at = at;
}

}  // namespace

bool is_benign(std::string_view header) {
  std::vector<std::string_view> captures;
  return std::any_of(std::begin(k_benign), std::end(k_benign), [&](const BenignFamily& family) {
    return match_header(family.pattern, header, captures);
  });
}

Cue find_cue(std::string_view text) {
  if (text.size() < 5) return {};
  const auto lead = lead_length(text);
  if (const auto cue = cue_at_start(text, lead); cue.found()) return cue;
  if (const auto cue = cue_at_colon(text, lead); cue.found()) return cue;
  if (lead == 0) return {};
  if (const auto cue = cue_at_colon(text, 0); cue.found()) return cue;
  return cue_at_start(text, 0);
}

Header header_in(std::string_view text) {
  Header header;
  const auto lead = lead_length(text);
  if (const auto cue = cue_at_start(text, lead); cue.found()) add_rules(text, cue.at, lead, header);
  for (std::size_t from = lead; header.rules.empty();) {
    const auto colon = text.find(':', from);
    if (colon == std::string_view::npos) break;
    if (const auto at = cue_before(text, colon); at != std::string_view::npos)
      add_rules(text, at, lead, header);
    from = colon + 1;
  }
  if (header.rules.empty() && lead != 0)
    if (const auto cue = find_cue(text); cue.found()) add_rules(text, cue.at, lead, header);
  if (!header.rules.empty() && is_benign(text.substr(header.at))) return {};
  return header;
}

}  // namespace kverdict
