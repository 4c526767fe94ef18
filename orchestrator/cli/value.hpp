// What stands in a TOML file, in JSON text, or in a flag, before it is known what it means: one small tree,
// so that one setter per key serves them all. Knows no key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace kverdict {

struct Value;
using ValueList = std::vector<Value>;
using ValueTable = std::vector<std::pair<std::string, Value>>;  // in the order of the file

struct Value {
  // monostate: a kind of value that no key of ours takes (dates).
  std::variant<std::monostate, bool, std::int64_t, double, std::string, ValueList, ValueTable> data;
  unsigned line = 0;  // in its file; 0 = it has none

  template <class T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
};

// As a message quotes it: short, on one line.
std::string quoted(const Value& value);
// A value of a key that is a text: numbers and truth values as one would write them. Lists and tables: "".
std::string scalar_text(const Value& value);

// Root table of TOML text. Throws UsageError `name:LINE: ...` on a syntax error.
Value parse_toml(std::string_view text, const std::string& name);
// Root of JSON text. Throws UsageError `name: ...`.
Value parse_json(std::string_view text, const std::string& name);
std::string json_text(const Value& value);
// A value alone, in TOML's spelling: `["a", "b"]`, `{model = "e1000"}`.
std::string toml_text(const Value& value);

}  // namespace kverdict
