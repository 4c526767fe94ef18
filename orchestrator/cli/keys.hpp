// The one table of configuration keys. TOML files, environment, flags, `config check`, `config show`, the
// journal's copy and the help text all come from it: no key is written twice.
//
// A key `build.jobs` is `jobs` in the table [build] of a file, KVERDICT_BUILD_JOBS in the environment and
// --build.jobs as a flag; keys with a shortcut also have the flag --SHORTCUT.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orchestrator/cli/config.hpp"
#include "orchestrator/cli/value.hpp"

namespace kverdict {

template <class Owner, class T>
using Member = T& (*)(Owner&);

// An enumeration: its value is the index into the key's choices.
template <class Owner>
struct ChoiceMember {
  int (*get)(const Owner&);
  void (*set)(Owner&, int);
};

// Where a key's value lives, and so of which kind it is.
template <class Owner>
using Field =
    std::variant<Member<Owner, std::string>, Member<Owner, std::filesystem::path>, Member<Owner, bool>,
                 Member<Owner, unsigned>, Member<Owner, double>, Member<Owner, Millis>, Member<Owner, Bytes>,
                 Member<Owner, std::vector<std::string>>, Member<Owner, std::vector<std::filesystem::path>>,
                 Member<Owner, std::map<std::string, std::string>>, Member<Owner, std::vector<FixupConfig>>,
                 Member<Owner, std::vector<Nic>>, Member<Owner, std::vector<WorkloadSpec>>,
                 ChoiceMember<Owner>>;

// Inclusive; counts, milliseconds, bytes, or millionths of a fraction.
struct ValueRange {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

template <class Owner>
struct Key {
  std::string_view name;
  Field<Owner> field;
  Weight weight = Weight::question;
  std::string_view help;
  ValueRange range = {};
  std::vector<std::string_view> choices = {};  // of a path: words that are not files
  std::string_view shortcut = {};
  std::string_view alias = {};  // a second shortcut
};

template <class Owner>
std::span<const Key<Owner>> keys();  // Config, FixupConfig, Nic, WorkloadSpec

// The key of that name, or null.
template <class Owner>
const Key<Owner>* find_key(std::string_view name);

// What a key takes, for people: "duration", "allnoconfig | tinyconfig | defconfig | path".
template <class Owner>
std::string kind_text(const Key<Owner>& key);

// Does the key take several values (flag repeated, list in a file)?
enum class Arity { truth, one, many };
Arity arity(const Key<Config>& key);

std::string environment_name(const Key<Config>& key);  // "KVERDICT_BUILD_JOBS"

template <class Owner>
Value value_of(const Owner& owner, const Key<Owner>& key);

// Something wrong with one value: `where: key: text`, one line.
struct Problem {
  std::string where;  // "kverdict.toml:12", "KVERDICT_BUILD_JOBS", "--jobs"; empty = from nowhere (a default)
  std::string key;
  std::string text;  // what is wrong; what to do
  bool operator==(const Problem&) const = default;
};
std::string to_text(const Problem& problem);

// Where values come from while they are set.
struct Setting {
  std::string origin;              // file name, variable or flag
  std::vector<Problem>* problems;  // what is wrong is added here, and the old value stays
  std::filesystem::path base;      // relative paths start here; empty = leave them as they are
  std::filesystem::path home;      // "~/x" is here
};

template <class Owner>
void assign(Owner& owner, const Key<Owner>& key, const Value& value, const Setting& setting);

// `text` of a flag or variable as the value that a file would hold. Lists and tables may be written in TOML
// ("[...]", "{...}"); else a list's items are the `texts`, a map's are NAME=VALUE.
// Throws UsageError when such TOML does not parse.
Value value_from_texts(const Key<Config>& key, const std::vector<std::string>& texts);

// "; did you mean 'build.jobs'?" for a key that is none. `table` is empty at the root.
std::string suggest_key(std::string_view table, std::string_view name);

}  // namespace kverdict
