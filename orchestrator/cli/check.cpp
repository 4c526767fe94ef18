// What single keys cannot know: that values fit together, and that named files are there.
#include <algorithm>
#include <set>

#include "orchestrator/cli/load.hpp"
#include "runners/error.hpp"
#include "workloads/guest_programs.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

class Checker {
 public:
  explicit Checker(const LoadedConfig& loaded) : loaded_(loaded), config_(loaded.config) {}

  std::vector<Problem> check(Need need) {
    check_names();
    check_nics();
    check_workloads();
    check_build_files();
    if (need != Need::files) check_trial();
    if (need == Need::session) check_ends();
    return std::move(problems_);
  }

 private:
  void complain(std::string_view key, std::string text) {
    problems_.push_back({loaded_.origin(key).where, std::string(key), std::move(text)});
  }

  void expect_file(std::string_view key, const fs::path& file) {
    std::error_code error;
    if (fs::is_regular_file(file, error)) return;
    const bool there = fs::exists(file, error);
    complain(key, "'" + file.string() + (there ? "' is no file" : "' does not exist") +
                      "; paths are relative to the file that names them");
  }

  static bool is_name(std::string_view text) {
    constexpr std::string_view k_allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return !text.empty() && text.size() <= 64 &&
           text.find_first_not_of(k_allowed) == std::string_view::npos && text.front() != '.' &&
           text.front() != '-';
  }

  // Names become parts of file and domain names.
  void check_names() {
    const std::string& name = config_.run.name;
    if (!name.empty() && !is_name(name)) {
      complain("run.name", "is '" + name + "'; use letters, digits, '.', '_' and '-' only");
    }
  }

  void check_nics() {
    const auto& nics = config_.target.nics;
    const auto wires =
        std::count_if(nics.begin(), nics.end(), [](const Nic& n) { return n.link == NicLink::wire; });
    if (wires % 2 != 0) {
      complain("target.nics",
               "has " + std::to_string(wires) + " wire ends, and a wire has two; add or remove a card");
    }
    if (nics.size() > 8)
      complain("target.nics", "has " + std::to_string(nics.size()) + " cards; 8 are the limit");
    if (mebibytes(config_.target.memory) << 20 != count_of(config_.target.memory)) {
      complain("target.memory", "is no whole number of MiB; give one, like \"256MiB\"");
    }
  }

  // The workloads' own room knows what they take; it stops at its first complaint, so each is asked alone.
  void check_workloads() {
    std::set<std::string> seen;
    for (const WorkloadSpec& workload : config_.workloads) {
      if (!seen.insert(workload.name).second) {
        complain("workload",
                 "two are named '" + workload.name + "'; give each a name of its own: name = \"...\"");
      }
      try {
        plan_workloads({workload}, machine_shape(config_.target), 1.0, GuestPrograms{});
      } catch (const UsageError& error) {
        complain("workload", error.what());
      }
    }
  }

  void check_build_files() {
    const auto base = config_.build.base;
    if (base.has_parent_path()) expect_file("build.base", base);
    for (const fs::path& fragment : config_.build.fragments) expect_file("build.fragments", fragment);
    for (const FixupConfig& fixup : config_.build.fixups) expect_file("build.fixup", fixup.patch);
    if (config_.build.make_variables.contains("O") ||
        config_.build.make_variables.contains("KBUILD_OUTPUT")) {
      complain("build.make_variables", "sets the output directory, which is ours to choose; remove it");
    }
  }

  void check_trial() {
    if (config_.workloads.empty()) {
      complain("workload", "is not given; add a [[workload]] table, like kind = \"churn\", to kverdict.toml");
    }
    config_.source.type == SourceType::git ? check_repository() : check_packages();
  }

  void check_repository() {
    std::error_code error;
    if (!fs::is_directory(config_.source.repo, error)) {
      complain("source.repo",
               "'" + config_.source.repo.string() + "' is no directory; name a git repository: --repo DIR");
    }
  }

  void check_packages() {
    const auto& source = config_.source;
    if (source.packages.empty() && source.files.empty()) {
      complain("source.packages",
               "is not given; name packages, like linux-image-cloud-amd64, or files with source.files");
    }
    std::error_code error;
    for (const fs::path& file : source.files) {
      if (!fs::exists(file, error))
        complain("source.files",
                 "'" + file.string() + "' does not exist; paths are relative to the file that names them");
    }
    if (source.then == Then::git && !fs::is_directory(source.repo, error)) check_repository();
    if (!source.paths.empty() || source.first_parent)
      complain("source.paths", "and source.first_parent are for git; packages have one line of versions");
  }

  void check_ends() {
    if (config_.source.bad.empty())
      complain("source.bad", "is not given; name the revision that fails: --bad REV");
    if (config_.source.good.empty()) complain("source.good", "is not given; name one that works: --good REV");
    for (const std::string& good : config_.source.good) {
      if (good.empty()) complain("source.good", "holds an empty revision; remove it");
    }
  }

  const LoadedConfig& loaded_;
  const Config& config_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> check_config(const LoadedConfig& loaded, Need need) {
  return Checker(loaded).check(need);
}

}  // namespace kverdict
