#include "orchestrator/images/modules.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "orchestrator/images/elf.hpp"
#include "orchestrator/images/kernel_file.hpp"
#include "orchestrator/images/unpack.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_max_module = 256 << 20;
constexpr const char* k_inside = "/kv/modules/";

std::string with_underscores(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(separator));
    if (!part.empty()) parts.push_back(with_underscores(std::string(part)));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

// "pre: a b post: c" -> a, b
std::vector<std::string> before_of_softdep(std::string_view text) {
  std::vector<std::string> names;
  bool pre = false;
  for (const auto& word : split(text, ' ')) {
    if (word.ends_with(':'))
      pre = word == "pre:";
    else if (pre)
      names.push_back(word);
  }
  return names;
}

// Module name of a file name, or empty: "virtio-net.ko.xz" -> "virtio_net".
std::string module_name(const std::string& file) {
  for (const char* suffix : {".ko", ".ko.gz", ".ko.xz", ".ko.zst"})
    if (file.ends_with(suffix))
      return with_underscores(file.substr(0, file.size() - std::string_view(suffix).size()));
  return {};
}

std::map<std::string, fs::path> index_of(const fs::path& directory) {
  std::map<std::string, fs::path> index;
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const auto name = module_name(at->path().filename().string());
    if (!name.empty() && at->is_regular_file()) index.try_emplace(name, at->path());
  }
  if (error) throw UsageError(directory.string() + ": " + error.message());
  return index;
}

std::set<std::string> built_in(const fs::path& directory) {
  std::set<std::string> names;
  std::ifstream in(directory / "modules.builtin");
  for (std::string line; std::getline(in, line);)
    names.insert(module_name(fs::path(line).filename().string()));
  return names;
}

class LoadOrder {
 public:
  explicit LoadOrder(const fs::path& directory)
      : index_(index_of(directory)), built_in_(built_in(directory)) {}

  bool knows(const std::string& name) const { return index_.contains(name); }
  bool has_built_in(const std::string& name) const { return built_in_.contains(name); }
  void load(const std::string& name);
  GuestModules finish() && { return std::move(result_); }

 private:
  void load_dependency(const std::string& name, const std::string& asker);

  std::map<std::string, fs::path> index_;
  std::set<std::string> built_in_;
  std::set<std::string> loaded_, under_way_;
  GuestModules result_;
};

void LoadOrder::load_dependency(const std::string& name, const std::string& asker) {
  if (knows(name)) return load(name);
  if (!has_built_in(name))
    throw UsageError("module " + asker + " depends on " + name +
                     ", which is not among the modules of this kernel");
}

void LoadOrder::load(const std::string& name) {
  if (loaded_.contains(name)) return;
  if (!under_way_.insert(name).second) throw UsageError("module " + name + " depends on itself");
  const auto& file = index_.at(name);
  GuestFile module;
  module.content = load_module_file(file);
  const auto facts = read_module(module.content, file.string());
  for (const auto& soft : facts.before)
    if (knows(soft) && !under_way_.contains(soft)) load(soft);
  for (const auto& hard : facts.depends) load_dependency(hard, name);
  module.inside = k_inside + name + ".ko";
  result_.order.push_back(module.inside);
  result_.files.push_back(std::move(module));
  loaded_.insert(name);
}

}  // namespace

ModuleFacts read_module(std::string_view bytes, const std::string& name) {
  const auto elf = parse_elf(bytes, name);
  const auto* info = elf.section(".modinfo");
  if (!info) throw UsageError(name + ": not a kernel module (no .modinfo section)");
  ModuleFacts facts;
  for (auto rest = info->bytes; !rest.empty();) {
    const auto entry = rest.substr(0, rest.find('\0'));
    const auto key = entry.substr(0, entry.find('='));
    const auto value = key.size() < entry.size() ? entry.substr(key.size() + 1) : std::string_view{};
    if (key == "name") facts.name = with_underscores(std::string(value));
    if (key == "vermagic") facts.vermagic = value;
    if (key == "depends") facts.depends = split(value, ',');
    if (key == "softdep") std::ranges::copy(before_of_softdep(value), std::back_inserter(facts.before));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
  }
  return facts;
}

std::string load_module_file(const fs::path& file) {
  return unpack(read_bounded_file(file, k_max_module), k_max_module, file.string());
}

GuestModules guest_modules(const fs::path& root, const std::string& release,
                           const std::vector<std::string>& wanted) {
  const auto directory = root / "lib" / "modules" / release;
  std::error_code error;
  if (release.empty() || !fs::is_directory(directory, error))
    throw UsageError("no kernel modules in " + directory.string());
  LoadOrder order(directory);
  std::vector<std::string> missing;
  for (const auto& name : wanted) {
    const auto plain = with_underscores(name);
    if (order.knows(plain))
      order.load(plain);
    else if (!order.has_built_in(plain))
      missing.push_back(name);
  }
  auto result = std::move(order).finish();
  result.missing = std::move(missing);
  return result;
}

}  // namespace kverdict
