// What a kernel tells of its own layout, "KEY=value" a line. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runners/memory/core_file.hpp"

namespace kverdict {

class VmcoreInfo {
 public:
  static std::optional<VmcoreInfo> find(const CoreFile& core);
  explicit VmcoreInfo(std::string_view text) : text_(text) {}

  std::string_view text(std::string_view key) const;  // "OSRELEASE"; empty = not said
  std::optional<std::uint64_t> symbol(std::string_view name) const;
  std::optional<std::uint64_t> offset(std::string_view member) const;  // "prb_desc.state_var"
  std::optional<std::uint64_t> size(std::string_view type) const;
  std::optional<std::int64_t> number(std::string_view name) const;

 private:
  std::optional<std::uint64_t> value(const std::string& key, int base) const;
  std::string text_;
};

}  // namespace kverdict
