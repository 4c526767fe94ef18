#include "orchestrator/images/program_closure.hpp"

#include <elf.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "orchestrator/images/elf.hpp"
#include "orchestrator/images/kernel_file.hpp"
#include "orchestrator/images/library_cache.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t k_max_file = std::uint64_t{1} << 32;
constexpr std::size_t k_max_files = 100'000;
constexpr unsigned k_max_interpreters = 4;  // as the kernel does

// What the dynamic section of an ELF file asks for.
struct Dynamic {
  std::uint16_t machine = 0;
  std::string interpreter;
  std::vector<std::string> needed;
  std::vector<std::string> rpath, runpath;
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(separator));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

Dynamic read_dynamic(std::string_view bytes, const std::string& name) {
  const auto elf = parse_elf(bytes, name);
  Dynamic dynamic;
  dynamic.machine = elf.machine;
  std::string_view table, strings;
  for (const auto& segment : elf.segments) {
    if (segment.type == PT_INTERP) dynamic.interpreter = c_string(segment.bytes);
    if (segment.type == PT_DYNAMIC) table = segment.bytes;
  }
  for (std::size_t at = 0; at + 16 <= table.size(); at += 16)
    if (read_le(table, at, 8) == DT_STRTAB) strings = elf.at(read_le(table, at + 8, 8));
  for (std::size_t at = 0; at + 16 <= table.size() && read_le(table, at, 8) != DT_NULL; at += 16) {
    const auto offset = read_le(table, at + 8, 8);
    const auto text = offset < strings.size() ? c_string(strings.substr(offset)) : std::string_view{};
    const auto tag = read_le(table, at, 8);
    if (tag == DT_NEEDED) dynamic.needed.emplace_back(text);
    if (tag == DT_RPATH) dynamic.rpath = split(text, ':');
    if (tag == DT_RUNPATH) dynamic.runpath = split(text, ':');
  }
  return dynamic;
}

struct Placed {
  fs::path outside, inside;
};

// A program or library under way, and who asked for it (RPATH is inherited).
struct Loaded {
  Placed place;
  Dynamic dynamic;
  std::shared_ptr<const Loaded> loader;  // shared: many libraries are asked for by one
};

std::vector<fs::path> default_directories(std::uint16_t machine) {
  const std::string triplet = machine == EM_AARCH64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  return {"/lib/" + triplet, "/usr/lib/" + triplet, "/lib64", "/usr/lib64", "/lib", "/usr/lib"};
}

// Replaces the loader's tokens ($ORIGIN and ${ORIGIN}; $LIB, $PLATFORM).
std::string expand(std::string text, const fs::path& origin) {
  const std::pair<const char*, std::string> tokens[] = {
      {"ORIGIN", origin.string()}, {"LIB", "lib/x86_64-linux-gnu"}, {"PLATFORM", "x86_64"}};
  for (const auto& [token, value] : tokens)
    for (const auto& form : {"${" + std::string(token) + "}", "$" + std::string(token)})
      for (auto at = text.find(form); at != std::string::npos; at = text.find(form, at + value.size()))
        text.replace(at, form.size(), value);
  return text;
}

class Closure {
 public:
  explicit Closure(const LibrarySearch& search) : search_(search) {}

  void take(const GuestFile& file);
  ProgramClosure finish() &&;

 private:
  void take_host_file(const GuestFile& file);
  void take_directory(const GuestFile& directory);
  void add(GuestFile file);
  void follow(const Placed& program, unsigned depth);
  void follow_script(const Placed& script, std::string_view bytes, unsigned depth);
  void follow_elf(const Placed& program, std::string_view bytes);
  std::optional<Placed> find(const std::string& library, const Loaded& asker);
  std::optional<Placed> in_run_path(const std::string& library, const std::vector<std::string>& path,
                                    const Loaded& owner, std::uint16_t machine);
  std::optional<Placed> in_system(const std::string& library, std::uint16_t machine);
  bool fits(const fs::path& library, std::uint16_t machine);
  void link_into_default(const Placed& library, std::uint16_t machine);
  std::vector<fs::path> directories(std::uint16_t machine) const;

  const LibrarySearch& search_;
  std::optional<LibraryIndex> index_;
  std::map<std::string, GuestFile> files_;
  std::map<std::string, std::string> links_;
  std::set<std::string> followed_;
};

void Closure::add(GuestFile file) {
  if (files_.size() >= k_max_files) throw UsageError("more than 100000 files for the guest");
  const auto [old, fresh] = files_.try_emplace(file.inside, file);
  if (fresh) return;
  std::error_code error;
  const bool same = file.outside.empty() ? old->second.outside.empty() && old->second.content == file.content
                                         : fs::equivalent(old->second.outside, file.outside, error);
  if (!same)
    throw UsageError("two different files want the place '" + file.inside +
                     "' in the guest: " + old->second.outside.string() + " and " + file.outside.string());
  old->second.mode |= file.mode;
}

void Closure::take(const GuestFile& file) {
  if (file.outside.empty())
    add(file);
  else if (fs::is_directory(file.outside))
    take_directory(file);
  else
    take_host_file(file);
}

void Closure::take_directory(const GuestFile& directory) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory.outside, error), end; !error && at != end;
       at.increment(error)) {
    if (!at->is_regular_file()) continue;
    GuestFile file;
    file.outside = at->path();
    file.inside = (fs::path(directory.inside) / at->path().lexically_relative(directory.outside)).string();
    take_host_file(file);
  }
  if (error) throw UsageError(directory.outside.string() + ": " + error.message());
}

void Closure::take_host_file(const GuestFile& file) {
  std::error_code error;
  const auto status = fs::status(file.outside, error);
  if (!fs::is_regular_file(status))
    throw UsageError(
        file.outside.string() + ": " +
        (fs::exists(status) ? std::string("neither a file nor a folder") : std::string("no such file")));
  GuestFile taken = file;
  taken.mode |= static_cast<unsigned>(status.permissions()) & 0111;
  add(taken);
  Placed place;
  place.outside = taken.outside;
  place.inside = taken.inside;
  if ((taken.mode & 0111) != 0) follow(place, 0);
}

void Closure::follow(const Placed& program, unsigned depth) {
  if (!followed_.insert(program.inside.string()).second) return;
  const auto bytes = read_bounded_file(program.outside, k_max_file);
  if (has_elf_magic(bytes)) follow_elf(program, bytes);
  if (bytes.starts_with("#!")) follow_script(program, bytes, depth);
}

std::optional<fs::path> in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (const auto& directory : split(path ? path : "/usr/bin:/bin", ':')) {
    const auto file = fs::path(directory) / program;
    std::error_code error;
    if (fs::is_regular_file(file, error)) return file;
  }
  return std::nullopt;
}

void Closure::follow_script(const Placed& script, std::string_view bytes, unsigned depth) {
  if (depth >= k_max_interpreters)
    throw UsageError(script.outside.string() + ": too many nested interpreters");
  std::string line(bytes.substr(2, bytes.substr(2, 255).find('\n')));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\t' || c == '\r'; }, ' ');
  const auto words = split(line, ' ');
  if (words.empty()) throw UsageError(script.outside.string() + ": its first line names no interpreter");
  std::vector<fs::path> programs = {words[0]};
  if (fs::path(words[0]).filename() == "env") {
    const auto named = std::find_if(words.begin() + 1, words.end(), [](const std::string& word) {
      return word[0] != '-' && word.find('=') == std::string::npos;
    });
    if (named != words.end()) programs.push_back(in_path(*named).value_or(*named));
  }
  for (const auto& program : programs) {
    GuestFile file;
    file.outside = file.inside = program;
    file.mode = 0755;
    if (!fs::is_regular_file(program))
      throw UsageError(script.outside.string() + ": its interpreter " + program.string() + " does not exist");
    add(file);
    Placed place;
    place.outside = place.inside = program;
    follow(place, depth + 1);
  }
}

void Closure::follow_elf(const Placed& program, std::string_view bytes) {
  auto first = std::make_shared<Loaded>();
  first->place.outside = fs::canonical(program.outside);  // $ORIGIN of a program is where it really lies
  first->place.inside = program.inside;
  first->dynamic = read_dynamic(bytes, program.outside.string());
  std::set<std::string> loaded;
  if (!first->dynamic.interpreter.empty()) {
    GuestFile file;
    file.outside = file.inside = first->dynamic.interpreter;
    file.mode = 0755;
    if (!fs::is_regular_file(file.outside))
      throw UsageError(program.outside.string() + ": its loader " + file.inside + " does not exist");
    add(file);
    loaded.insert(file.outside.filename());
  }
  std::deque<std::shared_ptr<const Loaded>> queue = {first};
  for (; !queue.empty(); queue.pop_front()) {
    const auto asker = queue.front();
    for (const auto& name : asker->dynamic.needed) {
      if (!loaded.insert(name).second) continue;
      const auto place = find(name, *asker);
      if (!place)
        throw UsageError(program.outside.string() + ": shared library " + name + ", needed by " +
                         asker->place.outside.string() + ", was not found");
      GuestFile file;
      file.outside = place->outside;
      file.inside = place->inside.string();
      file.mode = 0755;
      add(file);
      auto next = std::make_shared<Loaded>();
      next->place = *place;
      next->dynamic = read_dynamic(read_bounded_file(place->outside, k_max_file), place->outside.string());
      next->loader = asker;
      queue.push_back(next);
    }
  }
}

std::optional<Placed> Closure::find(const std::string& library, const Loaded& asker) {
  const auto machine = asker.dynamic.machine;
  if (library.find('/') != std::string::npos) return in_run_path(library, {""}, asker, machine);
  if (asker.dynamic.runpath.empty())
    for (const auto* owner = &asker; owner; owner = owner->loader.get())
      if (owner->dynamic.runpath.empty())
        if (auto place = in_run_path(library, owner->dynamic.rpath, *owner, machine)) return place;
  if (auto place = in_run_path(library, asker.dynamic.runpath, asker, machine)) return place;
  return in_system(library, machine);
}

std::optional<Placed> Closure::in_run_path(const std::string& library, const std::vector<std::string>& path,
                                           const Loaded& owner, std::uint16_t machine) {
  for (const auto& directory : path) {
    const auto name = directory.empty() ? library : directory + "/" + library;
    Placed place;
    place.outside = fs::path(expand(name, owner.place.outside.parent_path())).lexically_normal();
    place.inside = fs::path(expand(name, owner.place.inside.parent_path())).lexically_normal();
    if (place.inside.is_absolute() && fits(place.outside, machine)) return place;
  }
  return std::nullopt;
}

std::vector<fs::path> Closure::directories(std::uint16_t machine) const {
  return search_.directories.empty() ? default_directories(machine) : search_.directories;
}

std::optional<Placed> Closure::in_system(const std::string& library, std::uint16_t machine) {
  if (!index_) {
    std::error_code error;
    const bool there = fs::is_regular_file(search_.cache, error);
    index_ = there ? parse_library_cache(read_bounded_file(search_.cache, 64 << 20)) : LibraryIndex{};
  }
  std::vector<fs::path> candidates((*index_)[library].begin(), (*index_)[library].end());
  for (const auto& directory : directories(machine)) candidates.push_back(directory / library);
  for (const auto& candidate : candidates) {
    if (!fits(candidate, machine)) continue;
    Placed place;
    place.outside = place.inside = candidate.lexically_normal();
    link_into_default(place, machine);
    return place;
  }
  return std::nullopt;
}

// The guest has no loader cache: a library that only the cache knows gets a link in a default folder.
void Closure::link_into_default(const Placed& library, std::uint16_t machine) {
  const auto known = default_directories(machine);
  if (std::find(known.begin(), known.end(), library.inside.parent_path()) != known.end()) return;
  links_[(known.front() / library.inside.filename()).string()] = library.inside.string();
}

bool Closure::fits(const fs::path& library, std::uint16_t machine) {
  std::error_code error;
  if (!fs::is_regular_file(library, error)) return false;
  std::string header(64, '\0');
  if (auto file = std::fopen(library.c_str(), "rb")) {
    header.resize(std::fread(header.data(), 1, header.size(), file));
    std::fclose(file);
  }
  return has_elf_magic(header) && header.size() == 64 && header[EI_CLASS] == ELFCLASS64 &&
         read_le(header, 18, 2) == machine;
}

ProgramClosure Closure::finish() && {
  ProgramClosure closure;
  for (auto& [inside, file] : files_) closure.files.push_back(std::move(file));
  for (auto& [inside, target] : links_) {
    GuestLink link;
    link.inside = inside;
    link.target = target;
    if (!files_.contains(inside)) closure.links.push_back(std::move(link));
  }
  return closure;
}

}  // namespace

ProgramClosure with_dependencies(const std::vector<GuestFile>& files, const LibrarySearch& search) {
  Closure closure(search);
  for (const auto& file : files) closure.take(file);
  return std::move(closure).finish();
}

}  // namespace kverdict
