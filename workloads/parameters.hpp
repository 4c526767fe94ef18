// Reads a workload's parameters with their ranges. Every complaint is a UsageError that names the workload,
// the parameter and what would be right.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "workloads/workload.hpp"

namespace kverdict {

class Parameters {
 public:
  // Throws when the workload has a parameter that is not among the known ones.
  Parameters(const WorkloadSpec& spec, std::initializer_list<std::string_view> known);

  long number(const std::string& key, long fallback, long least, long most) const;
  double fraction(const std::string& key, double fallback, double least, double most) const;
  std::string choice(const std::string& key, std::string_view fallback,
                     std::initializer_list<std::string_view> options) const;

 private:
  const std::string* find(const std::string& key) const;
  [[noreturn]] void refuse(const std::string& key, const std::string& value, const std::string& wanted) const;

  const WorkloadSpec& spec_;
};

}  // namespace kverdict
