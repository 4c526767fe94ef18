#include "orchestrator/images/selective_build.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "orchestrator/images/ar_members.hpp"
#include "orchestrator/images/build_state.hpp"
#include "orchestrator/images/header_change.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_max_changed = 2000;
constexpr std::size_t k_max_objects = 300;  // more: the walk costs less than it saves
constexpr std::size_t k_max_file = 64 << 20;
constexpr const char* k_mentions = ".kverdict-mentions";

using Names = std::unordered_set<std::string>;

std::string_view file_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_source(std::string_view name) {
  return name.ends_with(".c") || name.ends_with(".h") || name.ends_with(".S");
}

bool is_text_for_people(std::string_view path) {
  if (file_name(path).starts_with("Kconfig") || file_name(path).starts_with("Makefile")) return false;
  if (path.starts_with("Documentation/")) return path.ends_with(".rst") || path.ends_with(".txt");
  return path == "MAINTAINERS" || path == "CREDITS" || path == "README" || path == "COPYING" ||
         path == ".mailmap" || path.ends_with(".rst");
}

bool plain_path(std::string_view path) {
  return std::ranges::all_of(
      path, [](char c) { return c > ' ' && c < 127 && c != '\\' && c != '$' && c != '\'' && c != '"'; });
}

// Options under which sources are read in ways the records do not show.
std::optional<std::string> odd_option(const KernelConfig& config) {
  for (const char* option : {"CONFIG_MODULES", "CONFIG_IKHEADERS", "CONFIG_TRIM_UNUSED_KSYMS",
                             "CONFIG_MODVERSIONS", "CONFIG_LTO_CLANG", "CONFIG_UAPI_HEADER_TEST",
                             "CONFIG_RUST", "CONFIG_GCC_PLUGINS", "CONFIG_KALLSYMS_SELFTEST"}) {
    const auto found = config.find(option);
    if (found != config.end() && found->second != "n") return option;
  }
  return std::nullopt;
}

// ---- mentions

// Folders whose recipes make nothing of the kernel from sources outside of them.
bool is_apart(const std::string& folder) {
  return folder == "Documentation" || folder == "samples" || folder == "tools" || folder == "LICENSES";
}

bool is_recipe_file(std::string_view name) {
  return name.starts_with("Makefile") || name.starts_with("Kbuild") || name.ends_with(".sh") ||
         name.ends_with(".pl") || name.ends_with(".awk") || name.ends_with(".py") || name.ends_with(".mk") ||
         name.ends_with(".include");
}

// Characters of a path in a record.
constexpr std::array<bool, 256> k_path_characters = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    table[c] = letter || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' || c == ',' || c == '@' ||
               c == '~';
  }
  return table;
}();

bool path_character(char c) {
  return k_path_characters[static_cast<unsigned char>(c)];
}

// The end of a path as it is written: "lib/x.c" of "$(srctree)/lib/x.c", "x.c" of "$(src)/x.c" and "../x.c".
std::string_view written_end(std::string_view word) {
  const auto dots = word.rfind("../");
  if (dots != std::string_view::npos) word.remove_prefix(dots + 3);
  while (word.starts_with("./") || word.starts_with("/")) word.remove_prefix(1);
  return word;
}

// In recipes a comma parts arguments.
bool in_recipe_path(char c) {
  return path_character(c) && c != ',' && c != '@' && c != '~';
}

void collect_source_names(std::string_view text, Names& names) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && in_recipe_path(text[end])) ++end;
    if (end > at && is_source(text.substr(at, end - at)))
      names.emplace(written_end(text.substr(at, end - at)));
    at = end + 1;
  }
}

// Is the path, or an end of it, among the names? "x.c" alone means every x.c.
bool is_mentioned(std::string_view path, const Names& mentions) {
  for (;;) {
    if (mentions.contains(std::string(path))) return true;
    const auto slash = path.find('/');
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

Names load_mentions(const fs::path& output) {
  Names names;
  const auto text = read_file_if_there(output / k_mentions, k_max_file).value_or("");
  collect_source_names(text, names);
  return names;
}

// ---- records

struct Record {
  std::string target;  // path inside the output folder
  std::string command;
  bool has_source = false;  // compiled from one file, dependencies recorded
};

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

// "cmd_dir/name.o := gcc ..." (before 6.3) or "savedcmd_dir/name.o := gcc ...".
std::optional<Record> parse_record(std::string_view text) {
  auto line = first_line(text);
  for (const std::string_view prefix : {"savedcmd_", "cmd_"}) {
    if (!line.starts_with(prefix)) continue;
    line.remove_prefix(prefix.size());
    const auto equals = line.find(" := ");
    if (equals == std::string_view::npos) return std::nullopt;
    Record record;
    record.target = line.substr(0, equals);
    record.command = line.substr(equals + 4);
    record.has_source = text.find("\nsource_" + record.target + " := ") != std::string_view::npos &&
                        text.find("\ndeps_" + record.target + " := ") != std::string_view::npos;
    return record;
  }
  return std::nullopt;
}

// Make's spelling in a record -> what the shell gets.
std::optional<std::string> shell_command(std::string_view recorded) {
  std::string command;
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    if (recorded[i] != '$') {
      command += recorded[i];
    } else if (i + 1 < recorded.size() && recorded[i + 1] == '$') {
      command += '$';
      ++i;
    } else if (recorded.substr(i, 8) == "$(pound)") {
      command += '#';
      i += 7;
    } else {
      return std::nullopt;
    }
  }
  return command;
}

class Planner {
 public:
  Planner(const fs::path& worktree, const fs::path& output, const SourceChange& change)
      : worktree_(worktree), output_(output), change_(change) {
    for (const auto& [path, names] : change.headers) names_.insert(names.begin(), names.end());
  }

  std::variant<WholeTree, SelectivePlan> plan(const KernelConfig& config);

 private:
  std::optional<std::string> reject_changed();
  std::optional<std::string> read_records();
  std::optional<std::string> read_record(const fs::path& file);
  std::vector<std::string> changed_files_in(std::string_view text);
  bool is_out_of_reach(std::string_view text, const std::vector<std::string>& found);
  bool notices(const std::string& word);
  bool text_notices(const fs::path& file) const;
  std::optional<std::string> add_unmade();
  void add_probes();
  bool is_linked(const std::string& archive) const;
  std::vector<std::string> members_of(const std::string& archive) const;
  std::optional<std::string> gather_archives();
  std::optional<std::string> reject_unrecorded(const Names& mentions);

  const fs::path& worktree_;
  const fs::path& output_;
  const SourceChange& change_;
  std::set<std::string, std::less<>> names_;       // of all headers whose reach is known
  std::unordered_map<std::string, bool> noticed_;  // by a record's word for a file: does it mention a name?
  std::map<std::string, std::set<std::string>> untouched_;  // changed header -> objects it does not reach
  std::set<std::string> compiled_;                          // changed files that some planned object reads
  std::unordered_map<std::string_view, std::vector<std::string>> by_name_;  // file name -> changed paths
  std::set<std::string> recorded_;               // changed paths that some record names
  std::map<std::string, std::string> archives_;  // archive -> recorded command
  std::string link_record_;                      // of vmlinux.o or vmlinux
  SelectivePlan plan_;
};

// Nothing is asked of text files for people, and of sources only when they exist now.
std::optional<std::string> Planner::reject_changed() {
  if (change_.files.size() > k_max_changed) return std::to_string(change_.files.size()) + " files changed";
  for (const auto& path : change_.files) {
    if (is_text_for_people(path)) continue;
    if (!plain_path(path) || !is_source(path)) return path + " changed";
    for (const char* folder : {"scripts/", "tools/", "usr/", "include/config/", "include/generated/"})
      if (path.starts_with(folder)) return path + " changed";
    std::error_code error;
    if (!fs::is_regular_file(worktree_ / path, error)) return path + " is gone";
    by_name_[file_name(path)].push_back(path);
  }
  return std::nullopt;
}

// Which changed files does the record name? Words may be absolute, or relative to the output folder, and
// hold "..".
std::vector<std::string> Planner::changed_files_in(std::string_view text) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size();) {
    auto end = at;
    while (end < text.size() && path_character(text[end])) ++end;
    const auto word = text.substr(at, end - at);
    at = end + 1;
    if (word.size() < 3 || word[word.size() - 2] != '.' || !is_source(word)) continue;
    const auto same_name = by_name_.find(file_name(word));
    if (same_name == by_name_.end()) continue;
    const auto full = (output_ / fs::path(word)).lexically_normal();
    for (const auto& path : same_name->second)
      if (full == worktree_ / path) found.push_back(path);
  }
  return found;
}

// Does a file of the tree mention a name? Of a header whose change brings names, those of the others count.
bool Planner::text_notices(const fs::path& file) const {
  const auto text = read_file_if_there(file, k_max_file);
  if (!text) return true;
  const auto own = change_.headers.find(file.lexically_relative(worktree_).string());
  if (own == change_.headers.end()) return mentions_any(*text, names_);
  std::set<std::string, std::less<>> others;
  std::ranges::set_difference(names_, own->second, std::inserter(others, others.end()));
  return mentions_any(*text, others);
}

bool Planner::notices(const std::string& word) {
  const auto known = noticed_.find(word);
  if (known != noticed_.end()) return known->second;
  return noticed_[word] = text_notices((output_ / fs::path(word)).lexically_normal());
}

// Only headers of known reach changed, and nothing that this C file is made of mentions their names.
bool Planner::is_out_of_reach(std::string_view text, const std::vector<std::string>& found) {
  const auto known = [&](const std::string& path) { return change_.headers.contains(path); };
  if (!std::ranges::all_of(found, known)) return false;
  bool compiled = false;
  for (std::size_t at = first_line(text).size(); at < text.size();) {  // behind the command: what was read
    auto end = at;
    while (end < text.size() && path_character(text[end])) ++end;
    const auto word = text.substr(at, end - at);
    at = end + 1;
    if (word.size() < 3 || !is_source(word)) continue;
    if (word.ends_with(".S")) return false;
    compiled = compiled || word.ends_with(".c");
    if (notices(std::string(word))) return false;
  }
  return compiled;
}

// What a stopped build did not finish is made again.
std::optional<std::string> Planner::add_unmade() {
  for (const auto& object : change_.unmade) {
    const auto file = fs::path(object).parent_path() / ("." + fs::path(object).filename().string() + ".cmd");
    const auto text = read_file_if_there(output_ / file, k_max_file);
    const auto record = text ? parse_record(*text) : std::nullopt;
    if (!record || record->target != object || !record->has_source || !is_whole_record(*text))
      return "the record of " + object + " is not whole";
    plan_.objects.push_back(object);
  }
  return std::nullopt;
}

// One object for each header that nothing else would compile.
void Planner::add_probes() {
  if (untouched_.empty()) return;
  std::unordered_set<std::string> linked;
  for (const auto& [archive, recorded] : archives_)
    if (is_linked(archive))
      for (auto& member : members_of(archive)) linked.insert(std::move(member));
  for (const auto& [header, objects] : untouched_) {
    if (compiled_.contains(header)) continue;
    const auto probe = std::ranges::find_if(objects, [&](const auto& name) { return linked.contains(name); });
    if (probe != objects.end()) plan_.objects.push_back(*probe);
  }
}

bool Planner::is_linked(const std::string& archive) const {
  return archive == "built-in.a" || archive == "vmlinux.a" ||
         link_record_.find(" " + archive + " ") != std::string::npos;
}

std::vector<std::string> Planner::members_of(const std::string& archive) const {
  const auto folder = fs::path(archive).parent_path();
  std::vector<std::string> members;
  for (const auto& name :
       thin_archive_members(read_file_if_there(output_ / archive, k_max_file).value_or("")))
    members.push_back((folder / name).lexically_normal().string());
  return members;
}

std::optional<std::string> Planner::read_record(const fs::path& file) {
  const auto text = read_file(file, k_max_file);
  const auto found = changed_files_in(text);
  const auto name = file.filename().string();
  const bool archive = name.ends_with(".a.cmd");
  const bool link = file.parent_path() == output_ && (name == ".vmlinux.o.cmd" || name == ".vmlinux.cmd");
  if (found.empty() && !archive && !link) return std::nullopt;
  const auto record = parse_record(text);
  if (!record) return "the record " + file.string() + " cannot be understood";
  if (link) link_record_ += " " + record->command;
  if (archive) archives_[fs::path(record->target).lexically_normal().string()] = record->command;
  if (found.empty()) return std::nullopt;
  const bool is_object = record->has_source && record->target.ends_with(".o");
  if (record->has_source && is_out_of_reach(text, found)) {
    recorded_.insert(found.begin(), found.end());
    if (!is_object) return std::nullopt;
    for (const auto& header : found) untouched_[header].insert(record->target);
    return std::nullopt;
  }
  if (!is_object) return record->target + " is made from " + found.front();
  recorded_.insert(found.begin(), found.end());
  compiled_.insert(found.begin(), found.end());
  plan_.objects.push_back(record->target);
  return std::nullopt;
}

std::optional<std::string> Planner::read_records() {
  std::error_code error;
  for (fs::recursive_directory_iterator at(output_, error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (name.starts_with(".tmp_") || !name.starts_with('.') || !name.ends_with(".cmd")) continue;
    if (auto reason = read_record(at->path())) return reason;
  }
  if (error) return "the output folder cannot be read: " + error.message();
  if (auto reason = add_unmade()) return reason;
  add_probes();
  std::ranges::sort(plan_.objects);
  const auto twice = std::ranges::unique(plan_.objects);
  plan_.objects.erase(twice.begin(), twice.end());
  if (plan_.objects.size() > k_max_objects)
    return std::to_string(plan_.objects.size()) + " objects are touched";
  return std::nullopt;
}

// A source that no record names is not compiled, unless something that leaves no record reads it.
std::optional<std::string> Planner::reject_unrecorded(const Names& mentions) {
  for (const auto& [name, paths] : by_name_) {
    for (const auto& path : paths)
      if (is_mentioned(path, mentions)) return path + " is named by a Makefile or script";
    for (const auto& path : paths)
      if (!recorded_.contains(path) && path.starts_with("arch/x86/")) return path + " has no record";
  }
  return std::nullopt;
}

std::optional<std::string> Planner::gather_archives() {
  std::set<std::string> missing(plan_.objects.begin(), plan_.objects.end());
  std::vector<std::pair<std::ptrdiff_t, std::string>> ordered;  // depth, command
  for (const auto& [archive, recorded] : archives_) {
    bool touched = false;
    for (const auto& path : members_of(archive)) {
      if (!std::ranges::binary_search(plan_.objects, path)) continue;
      touched = true;
      if (is_linked(archive)) missing.erase(path);
    }
    if (!touched || archive == "vmlinux.a") continue;  // vmlinux.a: make's own last step
    const auto command = shell_command(recorded);
    if (!command || !command->starts_with("rm -f ")) return archive + " is made in an unknown way";
    ordered.emplace_back(-std::ranges::count(archive, '/'), *command);
  }
  if (!missing.empty()) return *missing.begin() + " is no plain part of vmlinux";
  std::ranges::stable_sort(ordered, {}, [](const auto& item) { return item.first; });
  for (auto& [depth, command] : ordered) plan_.archive_commands.push_back(std::move(command));
  return std::nullopt;
}

std::variant<WholeTree, SelectivePlan> Planner::plan(const KernelConfig& config) {
  auto reason = odd_option(config);
  if (!reason && !has_mentioned_files(output_)) reason = "no list of mentioned files";
  if (!reason) reason = reject_changed();
  if (!reason) reason = read_records();
  if (!reason) reason = reject_unrecorded(load_mentions(output_));
  if (!reason && link_record_.empty()) reason = "vmlinux has no record";
  if (!reason) reason = gather_archives();
  if (reason) return WholeTree{*reason};
  return std::move(plan_);
}

}  // namespace

std::variant<WholeTree, SelectivePlan> plan_selective_build(const fs::path& worktree, const fs::path& output,
                                                            const KernelConfig& config,
                                                            const SourceChange& change) {
  return Planner(worktree, output, change).plan(config);
}

bool may_mention_files(std::string_view path) {
  return is_recipe_file(file_name(path));
}

bool has_mentioned_files(const fs::path& output) {
  std::error_code error;
  return fs::is_regular_file(output / k_mentions, error);
}

void record_mentioned_files(const fs::path& worktree, const fs::path& output) {
  Names names;
  std::error_code error;
  for (fs::recursive_directory_iterator at(worktree, error), end; !error && at != end; at.increment(error)) {
    const auto path = at->path();
    if (at.depth() == 0 && is_apart(path.filename().string())) at.disable_recursion_pending();
    if (is_recipe_file(path.filename().string()) && path.filename() != "checkpatch.pl" &&
        at->is_regular_file() && !at->is_symlink())
      collect_source_names(read_file(path, k_max_file), names);
  }
  if (error) throw InfraError("cannot read " + worktree.string() + ": " + error.message());
  std::vector<std::string> sorted(names.begin(), names.end());
  std::ranges::sort(sorted);
  std::string text;
  for (const auto& name : sorted) text += name + "\n";
  write_file(output / k_mentions, text);
}

}  // namespace kverdict
