#include "orchestrator/core/console/signature.hpp"

#include <array>

#include "orchestrator/core/console/title.hpp"

namespace kverdict {
namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

std::string_view without_syscall(std::string_view name) {
  static constexpr std::array<std::string_view, 14> k_prefixes = {
      "__x64_sys_", "__ia32_sys_",  "__arm64_sys_", "__se_compat_sys_", "__do_compat_sys_", "__se_sys_",
      "__do_sys_",  "__riscv_sys_", "__s390x_sys_", "compat_SyS_",      "compat_sys_",      "SYSC_",
      "SyS_",       "sys_"};
  for (const auto prefix : k_prefixes)
    if (name.size() > prefix.size() && name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

Match match_names(const Signature& signature, std::string_view title,
                  const std::vector<std::string>& alternatives) {
  if (signature.empty()) return {Match::Answer::unclear, "no signature is known yet"};
  const auto wanted = [&](std::string_view name) { return signature.titles.contains(comparable(name)); };
  if (wanted(title)) return {Match::Answer::same, "title " + quoted(title) + " is in the signature"};
  for (const auto& name : alternatives)
    if (wanted(name))
      return {Match::Answer::same,
              quoted(title) + " is also known as " + quoted(name) + ", which is in the signature"};
  return {Match::Answer::different, quoted(title) + " has no name in common with the signature (" +
                                        quoted(*signature.titles.begin()) +
                                        (signature.titles.size() > 1 ? ", ...)" : ")")};
}

}  // namespace

const char* to_string(Match::Answer answer) {
  switch (answer) {
    case Match::Answer::unclear:
      return "unclear";
    case Match::Answer::same:
      return "same";
    case Match::Answer::different:
      return "different";
  }
  return "";
}

std::string comparable(std::string_view title) {
  std::string out;
  for (std::size_t i = 0; i < title.size();) {
    if (title[i] == ' ' || title[i] == '\t') {
      if (!out.empty() && out.back() != ' ') out += ' ';
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < title.size() && is_name(title[end])) ++end;
    if (end == i) {
      out += title[i++];
      continue;
    }
    out += without_syscall(plain_function(title.substr(i, end - i)));
    i = end;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

Signature signature_of(const std::vector<std::string>& titles) {
  Signature signature;
  for (const auto& title : titles) learn(signature, title);
  return signature;
}

void learn(Signature& signature, const Oops& oops) {
  if (!oops.corrupted) learn(signature, oops.title, oops.alternatives);
}

void learn(Signature& signature, std::string_view title, const std::vector<std::string>& alternatives) {
  if (auto name = comparable(title); !name.empty()) signature.titles.insert(std::move(name));
  for (const auto& alternative : alternatives)
    if (auto name = comparable(alternative); !name.empty()) signature.titles.insert(std::move(name));
}

Match match(const Signature& signature, const Oops& oops) {
  auto found = match_names(signature, oops.title, oops.alternatives);
  if (found.answer != Match::Answer::different || !oops.corrupted) return found;
  return {Match::Answer::unclear, quoted(oops.title) + " is torn" +
                                      (oops.why.empty() ? "" : " (" + oops.why + ")") +
                                      ": some crash, perhaps the hunted one"};
}

Match match(const Signature& signature, std::string_view title,
            const std::vector<std::string>& alternatives) {
  return match_names(signature, title, alternatives);
}

Match match(const Signature& signature, const std::vector<Oops>& oopses) {
  Match best{Match::Answer::unclear, "no crash was seen"};
  bool first = true;
  for (const auto& oops : oopses) {
    auto found = match(signature, oops);
    if (found.answer == Match::Answer::same) return found;
    if (first || (best.answer == Match::Answer::different && found.answer == Match::Answer::unclear))
      best = std::move(found);
    first = false;
  }
  return best;
}

}  // namespace kverdict
