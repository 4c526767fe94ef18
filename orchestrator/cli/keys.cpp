#include "orchestrator/cli/keys.hpp"

#include <algorithm>
#include <cctype>

#include "workloads/nearest.hpp"

namespace kverdict {
namespace {

template <class Visited, class Found>
constexpr bool is = std::is_same_v<std::decay_t<Visited>, Found>;

// "target.nics" -> "nics"
std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

std::string joined(const std::vector<std::string_view>& words, std::string_view between) {
  std::string text;
  for (std::string_view word : words) text += (text.empty() ? "" : std::string(between)) + std::string(word);
  return text;
}

}  // namespace

template <class Owner>
const Key<Owner>* find_key(std::string_view name) {
  const auto all = keys<Owner>();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Key<Owner>& key) { return key.name == name; });
  return found == all.end() ? nullptr : &*found;
}
template const Key<Config>* find_key(std::string_view);
template const Key<FixupConfig>* find_key(std::string_view);
template const Key<Nic>* find_key(std::string_view);
template const Key<WorkloadSpec>* find_key(std::string_view);

template <class Owner>
std::string kind_text(const Key<Owner>& key) {
  const std::string choices = joined(key.choices, " | ");
  return std::visit(
      [&]<class F>(const F&) -> std::string {
        if constexpr (is<F, Member<Owner, std::filesystem::path>>)
          return choices.empty() ? "path" : choices + " | path";
        if (!choices.empty()) return choices;
        if constexpr (is<F, Member<Owner, bool>>) return "true | false";
        if constexpr (is<F, Member<Owner, unsigned>>) return "count";
        if constexpr (is<F, Member<Owner, double>>) return "fraction";
        if constexpr (is<F, Member<Owner, Millis>>) return "duration";
        if constexpr (is<F, Member<Owner, Bytes>>) return "size";
        if constexpr (is<F, Member<Owner, std::vector<std::string>>>) return "list of texts";
        if constexpr (is<F, Member<Owner, std::vector<std::filesystem::path>>>) return "list of paths";
        if constexpr (is<F, Member<Owner, std::map<std::string, std::string>>>) return "table of texts";
        if constexpr (is<F, Member<Owner, std::string>>) return "text";
        return "list of tables";
      },
      key.field);
}
template std::string kind_text(const Key<Config>&);
template std::string kind_text(const Key<FixupConfig>&);
template std::string kind_text(const Key<Nic>&);
template std::string kind_text(const Key<WorkloadSpec>&);

Arity arity(const Key<Config>& key) {
  if (std::holds_alternative<Member<Config, bool>>(key.field)) return Arity::truth;
  const std::string kind = kind_text(key);
  return kind.starts_with("list of") || kind.starts_with("table of") ? Arity::many : Arity::one;
}

std::string environment_name(const Key<Config>& key) {
  std::string name = "KVERDICT_" + std::string(key.name);
  for (char& c : name) c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string to_text(const Problem& problem) {
  std::string text = problem.where;
  for (const std::string& part : {problem.key, problem.text}) {
    if (!part.empty()) text += (text.empty() ? "" : ": ") + part;
  }
  return text;
}

std::string suggest_key(std::string_view table, std::string_view name) {
  std::vector<std::string_view> siblings, others;
  for (const Key<Config>& key : keys<Config>()) {
    const std::string_view owner = key.name.substr(0, key.name.size() - last_part(key.name).size());
    const bool inside =
        table.empty() ? owner.empty() : owner.size() == table.size() + 1 && owner.starts_with(table);
    if (inside) siblings.push_back(last_part(key.name));
    if (last_part(key.name) == name) others.push_back(key.name);
    // At the root the tables are names as well.
    if (table.empty() && !owner.empty()) siblings.push_back(owner.substr(0, owner.size() - 1));
  }
  if (table.empty()) siblings.push_back("schema");
  // The right name in the wrong table is the likelier slip.
  if (!others.empty()) return "; did you mean '" + std::string(others.front()) + "'?";
  return did_you_mean(name, siblings);
}

}  // namespace kverdict
