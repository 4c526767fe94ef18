#include "workloads/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "runners/error.hpp"
#include "workloads/nearest.hpp"

namespace kverdict {
namespace {

std::string joined(std::initializer_list<std::string_view> words) {
  std::string out;
  for (auto word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

template <class Number>
bool read(const std::string& text, Number& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

Parameters::Parameters(const WorkloadSpec& spec, std::initializer_list<std::string_view> known)
    : spec_(spec) {
  for (const auto& [key, value] : spec.parameters) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw UsageError("workload '" + spec.name + "' (" + spec.kind + ") has no parameter '" + key + "'" +
                     did_you_mean(key, {known.begin(), known.size()}) +
                     (known.size() == 0 ? " (it has none)" : " (it has: " + joined(known) + ")"));
  }
}

const std::string* Parameters::find(const std::string& key) const {
  auto found = spec_.parameters.find(key);
  return found == spec_.parameters.end() ? nullptr : &found->second;
}

void Parameters::refuse(const std::string& key, const std::string& value, const std::string& wanted) const {
  throw UsageError("workload '" + spec_.name + "': " + key + " = '" + value + "' is not " + wanted);
}

long Parameters::number(const std::string& key, long fallback, long least, long most) const {
  const std::string* text = find(key);
  if (!text) return fallback;
  long value = 0;
  if (!read(*text, value) || value < least || value > most)
    refuse(key, *text, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

double Parameters::fraction(const std::string& key, double fallback, double least, double most) const {
  const std::string* text = find(key);
  if (!text) return fallback;
  double value = 0;
  if (!read(*text, value) || !(value >= least && value <= most))
    refuse(key, *text, "a number from " + shown(least) + " to " + shown(most));
  return value;
}

std::string Parameters::choice(const std::string& key, std::string_view fallback,
                               std::initializer_list<std::string_view> options) const {
  const std::string* text = find(key);
  if (!text) return std::string(fallback);
  if (std::find(options.begin(), options.end(), *text) == options.end())
    refuse(key, *text, "one of " + joined(options));
  return *text;
}

}  // namespace kverdict
