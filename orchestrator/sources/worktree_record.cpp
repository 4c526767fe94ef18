#include "orchestrator/sources/worktree_record.hpp"

#include <sstream>

#include "runners/host/files.hpp"

namespace kverdict::git {
namespace {

constexpr std::size_t k_limit = 4096;
constexpr const char* k_format = "kverdict-worktree 1";
constexpr const char* k_none = "-";  // an empty word

std::string word(const std::string& text) {
  return text.empty() ? k_none : text;
}

bool take(std::istream& in, const char* key, std::string& value) {
  std::string name;
  if (!(in >> name >> value) || name != key) return false;
  if (value == k_none) value.clear();
  return true;
}

bool take(std::istream& in, const char* key, timespec& value) {
  std::string name;
  return in >> name >> value.tv_sec >> value.tv_nsec && name == key;
}

}  // namespace

std::optional<WorktreeRecord> WorktreeRecord::load(const std::filesystem::path& path) {
  const auto text = read_file_if_there(path, k_limit);
  if (!text || !text->starts_with(std::string(k_format) + "\n")) return std::nullopt;
  std::istringstream in(text->substr(std::string_view(k_format).size()));
  WorktreeRecord record;
  std::string end;
  if (!take(in, "boot", record.boot) || !take(in, "base", record.base) || !take(in, "tree", record.tree) ||
      !take(in, "stamp", record.stamp) || !take(in, "settled", record.settled) || !(in >> end) ||
      end != "end")
    return std::nullopt;
  return record;
}

void WorktreeRecord::save(const std::filesystem::path& path) const {
  std::ostringstream out;
  out << k_format << "\nboot " << word(boot) << "\nbase " << word(base) << "\ntree " << word(tree)
      << "\nstamp " << stamp.tv_sec << ' ' << stamp.tv_nsec << "\nsettled " << settled.tv_sec << ' '
      << settled.tv_nsec << "\nend\n";
  write_file(path, out.str());
}

std::string host_boot() {
  auto text = read_file_if_there("/proc/sys/kernel/random/boot_id", k_limit).value_or("unknown");
  return text.substr(0, text.find_first_of(" \n"));
}

}  // namespace kverdict::git
