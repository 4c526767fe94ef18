// Values into configurations and back: one overload per kind of field (keys.hpp).
#include <algorithm>
#include <charconv>
#include <optional>

#include "orchestrator/cli/keys.hpp"
#include "runners/error.hpp"
#include "workloads/nearest.hpp"

namespace kverdict {
namespace {

// Far more than anyone writes; hostile input must not make us hold more.
constexpr std::size_t k_most_items = 10'000;

std::string where(const Setting& setting, unsigned line) {
  return line == 0 ? setting.origin : setting.origin + ":" + std::to_string(line);
}

// One assignment under way: what is wrong with `value` is said of `name`.
struct Target {
  std::string name;  // "workload.duration"
  ValueRange range;
  const std::vector<std::string_view>& choices;
  const Setting& setting;

  void complain(const Value& value, std::string text) const {
    setting.problems->push_back({where(setting, value.line), name, std::move(text)});
  }
};

std::filesystem::path resolved(const std::string& text, const Setting& setting) {
  if (text.empty() || setting.base.empty()) return text;
  const bool at_home = !setting.home.empty() && (text == "~" || text.starts_with("~/"));
  auto path =
      (at_home ? setting.home / text.substr(std::min<std::size_t>(2, text.size())) : setting.base / text)
          .lexically_normal();
  // "dir/" and "dir" are one directory, and so are "." and what it stands for.
  return path.has_filename() ? path : path.parent_path();
}

bool is_choice(const Target& target, std::string_view text) {
  return std::find(target.choices.begin(), target.choices.end(), text) != target.choices.end();
}

std::string choice_list(const std::vector<std::string_view>& choices) {
  std::string text;
  for (std::string_view choice : choices) text += (text.empty() ? "'" : ", '") + std::string(choice) + "'";
  return choices.size() == 1 ? "this version knows only " + text : "give one of " + text;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// The value as a text, or null when it is none; control characters would break command lines and reports.
const std::string* text_of(const Target& target, const Value& value) {
  const auto* text = value.as<std::string>();
  if (text == nullptr) {
    target.complain(value, "is " + quoted(value) + ", must be a text; write it in double quotes");
  } else if (has_control(*text)) {
    target.complain(value, "holds a control character or line break; remove it");
    return nullptr;
  }
  return text;
}

const std::string* choice_of(const Target& target, const Value& value) {
  const std::string* text = text_of(target, value);
  if (text == nullptr || is_choice(target, *text)) return text;
  const std::string near = did_you_mean(*text, target.choices);
  target.complain(value, "is " + quoted(value) + "; " + choice_list(target.choices) + near);
  return nullptr;
}

template <class Unit>
bool in_range(const Target& target, const Value& value, std::uint64_t count, Unit unit_text) {
  if (count >= target.range.least && count <= target.range.most) return true;
  target.complain(value, "is " + quoted(value) + ", out of range; give " + unit_text(target.range.least) +
                             " to " + unit_text(target.range.most));
  return false;
}

// Range ends as they are written.
std::string count_text(std::uint64_t count) {
  return std::to_string(count);
}
std::string duration_text(std::uint64_t ms) {
  return to_text(Millis{static_cast<Millis::rep>(ms)});
}
std::string size_text(std::uint64_t bytes) {
  return to_text(Bytes{bytes});
}

bool is_zero(const Value& value) {
  return value.as<std::int64_t>() != nullptr && *value.as<std::int64_t>() == 0;
}

void put(const Target& target, const Value& value, std::string& place) {
  const std::string* text = target.choices.empty() ? text_of(target, value) : choice_of(target, value);
  if (text != nullptr) place = *text;
}

void put(const Target& target, const Value& value, std::filesystem::path& place) {
  const std::string* text = text_of(target, value);
  if (text != nullptr)
    place = is_choice(target, *text) ? std::filesystem::path(*text) : resolved(*text, target.setting);
}

void put(const Target& target, const Value& value, bool& place) {
  const auto* flag = value.as<bool>();
  if (flag == nullptr) return target.complain(value, "is " + quoted(value) + "; give true or false");
  place = *flag;
}

void put(const Target& target, const Value& value, unsigned& place) {
  const auto* count = value.as<std::int64_t>();
  if (count == nullptr) return target.complain(value, "is " + quoted(value) + "; give a whole number");
  if (*count < 0) {
    target.complain(value, "is " + quoted(value) + ", out of range; give " + count_text(target.range.least) +
                               " to " + count_text(target.range.most));
  } else if (in_range(target, value, static_cast<std::uint64_t>(*count), count_text)) {
    place = static_cast<unsigned>(*count);
  }
}

std::string fraction_text(std::uint64_t millionths) {
  std::string text = std::to_string(static_cast<double>(millionths) / 1e6);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

// 0.99, or "99%" with or without a blank.
std::optional<double> fraction_of(const Value& value) {
  if (const auto* number = value.as<double>()) return *number;
  const auto* text = value.as<std::string>();
  if (text == nullptr) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string rest(end, text->data() + text->size());
  if (rest == "%" || rest == " %") return number / 100;
  return rest.empty() ? std::optional(number) : std::nullopt;
}

void put(const Target& target, const Value& value, double& place) {
  const auto fraction = fraction_of(value);
  if (!fraction || !(*fraction >= 0 && *fraction <= 1))
    return target.complain(value, "is " + quoted(value) + "; give a fraction, like 0.99 or \"99%\"");
  if (in_range(target, value, static_cast<std::uint64_t>(*fraction * 1e6 + 0.5), fraction_text))
    place = *fraction;
}

void put(const Target& target, const Value& value, Millis& place) {
  const auto* text = value.as<std::string>();
  const auto duration = is_zero(value) ? Millis{0} : text == nullptr ? std::nullopt : parse_duration(*text);
  if (!duration) {
    return target.complain(
        value, "is " + quoted(value) + R"(; give a duration with its unit, like "90s" or "45min")");
  }
  if (in_range(target, value, static_cast<std::uint64_t>(duration->count()), duration_text))
    place = *duration;
}

void put(const Target& target, const Value& value, Bytes& place) {
  const auto* text = value.as<std::string>();
  const auto size = is_zero(value) ? Bytes{0} : text == nullptr ? std::nullopt : parse_size(*text);
  if (!size) {
    return target.complain(value,
                           "is " + quoted(value) + R"(; give a size with its unit, like "256MiB" or "20GB")");
  }
  if (in_range(target, value, count_of(*size), size_text)) place = *size;
}

// A list, or one value that stands for a list of it. Null: complained.
const Value* items_of(const Target& target, const Value& value, ValueList& single) {
  const auto* list = value.as<ValueList>();
  if (list == nullptr) {
    single = {value};
    return nullptr;
  }
  if (list->size() > k_most_items) {
    target.complain(value, "has " + std::to_string(list->size()) + " items; " + std::to_string(k_most_items) +
                               " are the limit");
    single = {};
    return nullptr;
  }
  return &value;
}

// All items or nothing: a list of which a part was refused would be another list.
template <class T, class PutItem>
void put_list(const Target& target, const Value& value, std::vector<T>& place, PutItem put_item) {
  ValueList single;
  const Value* list = items_of(target, value, single);
  const std::size_t known = target.setting.problems->size();
  std::vector<T> items;
  for (const Value& item : list == nullptr ? single : *list->as<ValueList>()) {
    T made{};
    // Items of a list that spans lines have lines of their own; others are where their list is.
    Value placed = item;
    if (placed.line == 0) placed.line = value.line;
    put_item(placed, made);
    items.push_back(std::move(made));
  }
  if (target.setting.problems->size() == known) place = std::move(items);
}

void put(const Target& target, const Value& value, std::vector<std::string>& place) {
  put_list(target, value, place, [&](const Value& item, std::string& text) { put(target, item, text); });
}

void put(const Target& target, const Value& value, std::vector<std::filesystem::path>& place) {
  put_list(target, value, place,
           [&](const Value& item, std::filesystem::path& path) { put(target, item, path); });
}

void put(const Target& target, const Value& value, std::map<std::string, std::string>& place) {
  const auto* table = value.as<ValueTable>();
  if (table == nullptr || table->size() > k_most_items) {
    return target.complain(value, "is " + quoted(value) + R"(; give a table, like { NAME = "value" })");
  }
  const std::size_t known = target.setting.problems->size();
  std::map<std::string, std::string> entries;
  for (const auto& [name, item] : *table) {
    const std::string text = scalar_text(item);
    const Target entry{target.name + "." + name, target.range, target.choices, target.setting};
    if (item.as<std::string>() == nullptr && text.empty()) {
      entry.complain(item, "is " + quoted(item) + "; give a text or a number");
    } else if (name.empty() || has_control(name) || has_control(text)) {
      entry.complain(item, "has no name, or holds a control character; remove it");
    }
    entries[name] = text;
  }
  if (target.setting.problems->size() == known) place = std::move(entries);
}

template <class Owner>
void put_fields(const Target& target, const Value& value, Owner& owner) {
  const auto* table = value.as<ValueTable>();
  if (table == nullptr)
    return target.complain(value, "is " + quoted(value) + "; give a table, like { KEY = value }");
  std::vector<std::string_view> names;
  for (const Key<Owner>& key : keys<Owner>()) names.push_back(key.name);
  for (const auto& [name, item] : *table) {
    const Key<Owner>* key = find_key<Owner>(name);
    if (key == nullptr) {
      const Target unknown{target.name + "." + name, {}, target.choices, target.setting};
      unknown.complain(item, "is no key of ours" + did_you_mean(name, names));
      continue;
    }
    Key<Owner> named = *key;
    const std::string full = target.name + "." + name;
    named.name = full;
    assign(owner, named, item, target.setting);
  }
}

template <class Owner>
void put_tables(const Target& target, const Value& value, std::vector<Owner>& place) {
  put_list(target, value, place, [&](const Value& item, Owner& owner) { put_fields(target, item, owner); });
}

void put(const Target& target, const Value& value, std::vector<FixupConfig>& place) {
  put_list(target, value, place, [&](const Value& item, FixupConfig& fixup) {
    const std::size_t known = target.setting.problems->size();
    put_fields(target, item, fixup);
    const bool clean = target.setting.problems->size() == known;
    if (clean && fixup.patch.empty()) target.complain(item, "has no patch; name the file: patch = \"FILE\"");
  });
}

void put(const Target& target, const Value& value, std::vector<Nic>& place) {
  put_tables(target, value, place);
}

void put(const Target& target, const Value& value, std::vector<WorkloadSpec>& place) {
  put_list(target, value, place, [&](const Value& item, WorkloadSpec& workload) {
    const std::size_t known = target.setting.problems->size();
    put_fields(target, item, workload);
    if (target.setting.problems->size() != known) return;
    if (workload.kind.empty()) {
      target.complain(item, "has no kind; " + choice_list(find_key<WorkloadSpec>("kind")->choices));
    }
    if (workload.name.empty()) workload.name = workload.kind;
  });
}

Value text_list(const std::vector<std::string>& texts) {
  ValueList items;
  for (const std::string& text : texts) items.push_back({text});
  return {std::move(items)};
}

template <class Owner>
Value table_of(const Owner& owner) {
  ValueTable table;
  for (const Key<Owner>& key : keys<Owner>()) table.emplace_back(std::string(key.name), value_of(owner, key));
  return {std::move(table)};
}

Value get(const std::string& text) {
  return {text};
}
Value get(const std::filesystem::path& path) {
  return {path.string()};
}
Value get(bool flag) {
  return {flag};
}
Value get(unsigned count) {
  return {static_cast<std::int64_t>(count)};
}
Value get(double fraction) {
  return {fraction};
}
Value get(Millis duration) {
  return {to_text(duration)};
}
Value get(Bytes size) {
  return {to_text(size)};
}
Value get(const std::vector<std::string>& texts) {
  return text_list(texts);
}

Value get(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> texts;
  for (const auto& path : paths) texts.push_back(path.string());
  return text_list(texts);
}

Value get(const std::map<std::string, std::string>& map) {
  ValueTable table;
  for (const auto& [name, text] : map) table.emplace_back(name, Value{text});
  return {std::move(table)};
}

template <class Owner>
Value get(const std::vector<Owner>& owners) {
  ValueList items;
  for (const Owner& owner : owners) items.push_back(table_of(owner));
  return {std::move(items)};
}

bool is_truth(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// A flag's or variable's text for a key that takes one value.
Value scalar_from_text(const Key<Config>& key, const std::string& text) {
  if (std::holds_alternative<Member<Config, bool>>(key.field)) {
    if (is_truth(text, {"true", "1", "yes", "on"})) return {true};
    if (is_truth(text, {"false", "0", "no", "off"})) return {false};
  }
  if (std::holds_alternative<Member<Config, unsigned>>(key.field)) {
    const auto count = parse_count(text);
    if (count && *count <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return {static_cast<std::int64_t>(*count)};
    }
  }
  return {text};
}

bool is_map(const Key<Config>& key) {
  return std::holds_alternative<Member<Config, std::map<std::string, std::string>>>(key.field);
}

Value map_from_texts(const std::vector<std::string>& texts) {
  ValueTable table;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) return {text};  // refused as no table, with the text quoted
    table.emplace_back(text.substr(0, equals), Value{text.substr(equals + 1)});
  }
  return {std::move(table)};
}

}  // namespace

template <class Owner>
void assign(Owner& owner, const Key<Owner>& key, const Value& value, const Setting& setting) {
  const Target target{std::string(key.name), key.range, key.choices, setting};
  std::visit(
      [&]<class F>(const F& field) {
        if constexpr (std::is_same_v<F, ChoiceMember<Owner>>) {
          const std::string* text = choice_of(target, value);
          if (text == nullptr) return;
          const auto found = std::find(key.choices.begin(), key.choices.end(), *text);
          field.set(owner, static_cast<int>(found - key.choices.begin()));
        } else {
          put(target, value, field(owner));
        }
      },
      key.field);
}
template void assign(Config&, const Key<Config>&, const Value&, const Setting&);

template <class Owner>
Value value_of(const Owner& owner, const Key<Owner>& key) {
  return std::visit(
      [&]<class F>(const F& field) -> Value {
        if constexpr (std::is_same_v<F, ChoiceMember<Owner>>) {
          return {std::string(key.choices.at(static_cast<std::size_t>(field.get(owner))))};
        } else {
          // The one accessor serves reading and writing; nothing is written here.
          return get(field(const_cast<Owner&>(owner)));
        }
      },
      key.field);
}
template Value value_of(const Config&, const Key<Config>&);
template Value value_of(const FixupConfig&, const Key<FixupConfig>&);
template Value value_of(const Nic&, const Key<Nic>&);
template Value value_of(const WorkloadSpec&, const Key<WorkloadSpec>&);

Value value_from_texts(const Key<Config>& key, const std::vector<std::string>& texts) {
  if (arity(key) != Arity::many) return scalar_from_text(key, texts.empty() ? std::string() : texts.back());
  const char opening = is_map(key) ? '{' : '[';
  if (texts.size() == 1 && texts.front().starts_with(opening)) {
    const Value root = parse_toml("value = " + texts.front(), std::string(key.name));
    Value value = root.as<ValueTable>()->front().second;
    value.line = 0;
    return value;
  }
  return is_map(key) ? map_from_texts(texts) : text_list(texts);
}

}  // namespace kverdict
