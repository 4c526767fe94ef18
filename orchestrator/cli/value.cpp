#include "orchestrator/cli/value.hpp"

#include <toml++/toml.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using Json = nlohmann::ordered_json;

// Deeper than any key of ours; a recursion that hostile input drives needs an end.
constexpr int k_deepest = 16;

std::string number_text(double number) {
  std::array<char, 40> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::string(text.data(), end) : std::string();
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

Value from_toml(const toml::node& node, int depth);

Value table_from_toml(const toml::table& table, int depth) {
  ValueTable entries;
  for (const auto& [key, node] : table) {
    Value value = from_toml(node, depth + 1);
    // The key's own line: the value of a multi-line string or table may begin later.
    value.line = key.source().begin.line;
    entries.emplace_back(std::string(key.str()), std::move(value));
  }
  return {std::move(entries), table.source().begin.line};
}

Value list_from_toml(const toml::array& array, int depth) {
  ValueList items;
  for (const toml::node& node : array) items.push_back(from_toml(node, depth + 1));
  return {std::move(items), array.source().begin.line};
}

Value from_toml(const toml::node& node, int depth) {
  const unsigned line = node.source().begin.line;
  if (depth > k_deepest) return {{}, line};
  if (const auto* table = node.as_table()) return table_from_toml(*table, depth);
  if (const auto* array = node.as_array()) return list_from_toml(*array, depth);
  if (const auto* text = node.as_string()) return {text->get(), line};
  if (const auto* flag = node.as_boolean()) return {flag->get(), line};
  if (const auto* count = node.as_integer()) return {count->get(), line};
  if (const auto* number = node.as_floating_point()) return {number->get(), line};
  return {{}, line};
}

Value from_json(const Json& json, int depth) {
  if (depth > k_deepest) return {};
  if (json.is_object()) {
    ValueTable entries;
    for (const auto& [key, item] : json.items()) entries.emplace_back(key, from_json(item, depth + 1));
    return {std::move(entries)};
  }
  if (json.is_array()) {
    ValueList items;
    for (const Json& item : json) items.push_back(from_json(item, depth + 1));
    return {std::move(items)};
  }
  if (json.is_string()) return {json.get<std::string>()};
  if (json.is_boolean()) return {json.get<bool>()};
  if (json.is_number_integer()) return {json.get<std::int64_t>()};
  if (json.is_number()) return {json.get<double>()};
  return {};
}

Json to_json(const Value& value) {
  if (const auto* table = value.as<ValueTable>()) {
    Json object = Json::object();
    for (const auto& [key, item] : *table) object[key] = to_json(item);
    return object;
  }
  if (const auto* list = value.as<ValueList>()) {
    Json array = Json::array();
    for (const Value& item : *list) array.push_back(to_json(item));
    return array;
  }
  if (const auto* text = value.as<std::string>()) return *text;
  if (const auto* flag = value.as<bool>()) return *flag;
  if (const auto* count = value.as<std::int64_t>()) return *count;
  if (const auto* number = value.as<double>()) return *number;
  return nullptr;
}

// Bytes that are no UTF-8 (a path may hold them) become a replacement character rather than an exception.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_bare(std::string_view key) {
  constexpr std::string_view k_bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !key.empty() && key.find_first_not_of(k_bare) == std::string_view::npos;
}

}  // namespace

std::string scalar_text(const Value& value) {
  if (const auto* text = value.as<std::string>()) return *text;
  if (const auto* flag = value.as<bool>()) return *flag ? "true" : "false";
  if (const auto* count = value.as<std::int64_t>()) return std::to_string(*count);
  if (const auto* number = value.as<double>()) return number_text(*number);
  return {};
}

std::string quoted(const Value& value) {
  if (value.as<ValueTable>() != nullptr) return "a table";
  if (value.as<ValueList>() != nullptr) return "a list";
  if (value.as<std::monostate>() != nullptr) return "a value of another kind";
  const std::string text = one_line(scalar_text(value));
  const std::string brief = text.size() > 60 ? text.substr(0, 57) + "..." : text;
  return value.as<std::string>() != nullptr ? "'" + brief + "'" : brief;
}

Value parse_toml(std::string_view text, const std::string& name) {
  try {
    return table_from_toml(toml::parse(text, std::string_view(name)), 0);
  } catch (const toml::parse_error& error) {
    throw UsageError(name + ":" + std::to_string(error.source().begin.line) +
                     ": not valid TOML: " + one_line(std::string(error.description())));
  }
}

Value parse_json(std::string_view text, const std::string& name) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw UsageError(name + ": not valid JSON");
  return from_json(json, 0);
}

std::string json_text(const Value& value) {
  return dump(to_json(value));
}

// JSON's strings are TOML's basic strings; what differs are tables.
std::string toml_text(const Value& value) {
  std::string out;
  if (const auto* table = value.as<ValueTable>()) {
    for (const auto& [key, item] : *table) {
      out += (out.empty() ? "" : ", ") + (is_bare(key) ? key : dump(Json(key))) + " = " + toml_text(item);
    }
    return "{" + out + "}";
  }
  if (const auto* list = value.as<ValueList>()) {
    for (const Value& item : *list) out += (out.empty() ? "" : ", ") + toml_text(item);
    return "[" + out + "]";
  }
  return json_text(value);
}

}  // namespace kverdict
