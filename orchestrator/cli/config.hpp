// A session as configured: one plain value, whatever mixture of files, environment and flags it came from.
// What each key means, its range and its default's reason stand in keys.cpp and configs/reference.toml.
// Every path in here is absolute, except the words that `build.base` knows.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/cli/units.hpp"
#include "orchestrator/core/question/bisect.hpp"
#include "orchestrator/core/trial/policy.hpp"
#include "runners/boot.hpp"
#include "workloads/workload.hpp"

namespace kverdict {

constexpr int k_config_schema = 1;

enum class Switch { automatic, on, off };

enum class SourceType { git, packages };

// What follows when a culprit was found among packages.
enum class Then { nothing, git };

struct SourceConfig {
  SourceType type = SourceType::git;
  std::filesystem::path repo = ".";
  std::vector<std::string> packages;         // names in apt archives, or URLs
  std::vector<std::filesystem::path> files;  // packages, directories of them, text lists
  std::vector<std::string> archives;         // as in sources.list; empty = the host's own
  std::string flavour;                       // empty = there must be one only
  Bytes download_limit{10'000'000'000};
  Then then = Then::nothing;
  std::vector<std::string> good;
  std::string bad;
  bool first_parent = false;
  std::vector<std::string> paths;
  bool operator==(const SourceConfig&) const = default;
};

// A patch that is applied before the build to candidates that contain `from` and do not contain `to`, and
// taken off after. An empty end is open.
struct FixupConfig {
  std::filesystem::path patch;
  std::string from;
  std::string to;
  bool operator==(const FixupConfig&) const = default;
};

enum class BuildTarget { automatic, vmlinux, bzimage };

struct BuildConfig {
  std::filesystem::path base = "defconfig";  // "allnoconfig", "tinyconfig", "defconfig", or a file
  std::vector<std::filesystem::path> fragments;
  std::map<std::string, std::string> make_variables;
  unsigned jobs = 0;  // 0 = one per processor
  Millis limit = std::chrono::minutes{45};
  std::string arch = "x86_64";
  BuildTarget target = BuildTarget::automatic;
  Switch ccache = Switch::automatic;
  Bytes cache_limit{20'000'000'000};
  std::vector<FixupConfig> fixups;
  bool operator==(const BuildConfig&) const = default;
};

struct TargetConfig {
  std::string runner = "libvirt";
  std::string uri = "qemu:///embed";
  std::filesystem::path shared_directory;  // of a remote uri: what that host sees under the same path
  unsigned slots = 1;                      // machines that may be up at once
  Bytes memory{256ULL << 20};
  unsigned cpus = 1;
  std::vector<Nic> nics{Nic{}};
  Switch kvm = Switch::automatic;
  NetconsoleUse netconsole = NetconsoleUse::automatic;
  std::string console_faults;                  // for drills; runners/faults/console_faults.hpp
  std::string cmdline;                         // added to ours
  std::vector<std::string> modules;            // loaded in the guest, with what they need
  std::map<std::string, std::string> sysctls;  // set in the guest, over ours
  bool operator==(const TargetConfig&) const = default;
};

struct BisectConfig {
  Method method = Method::classic;
  Find find = Find::regression;
  Ends ends = Ends::check;
  double confidence = 0.99;                          // bayes: how probable the culprit must be
  unsigned end_runs = 1;                             // runs of each end before anything else is asked
  unsigned skip_limit = 0;                           // give up after so many skipped candidates; 0 = never
  Millis soak_shortest{0};                           // bayes: a run may be under load so shortly
  Millis soak_longest{0};                            // and so long; 0 = always as the workload says
  unsigned known_failed = 0, known_passed = 0;       // runs of the bad end made before the session
  std::vector<std::string> prior_paths;              // candidates that touch these are likelier
  std::map<std::string, std::string> prior_weights;  // revision -> how many times as likely as others
  bool operator==(const BisectConfig&) const = default;
};

// As measured on hardware speed; multiplied by the machine's time scale.
struct LimitsConfig {
  Millis boot = std::chrono::seconds{60};     // power-on to the guest's first word
  Millis silence = std::chrono::seconds{30};  // no line and no heartbeat: the guest hangs
  Millis linger = std::chrono::seconds{2};    // quiet after an oops that did not stop the machine
  bool operator==(const LimitsConfig&) const = default;
};

struct RunConfig {
  std::filesystem::path state;  // directory of all sessions; empty = XDG state home
  std::string name;             // of the session; empty = made from repository and time
  unsigned lab_retries = 3;     // attempts more, after a lab error
  bool build_ahead = true;      // build likely candidates while a guest runs
  KeepMemory keep_memory = KeepMemory::never;
  Bytes memory_limit{4ULL << 30};  // a larger guest's memory is not looked at
  bool vitals = true;              // the guest tells each second how it fares
  std::filesystem::path follows;   // directory of the session that this one goes on from; empty = none
  Millis budget{0};                // the session stops after so long; 0 = when it is answered
  std::string until;               // "08:00", local time: the session stops then; empty = when it is answered
  bool operator==(const RunConfig&) const = default;
};

struct Config {
  SourceConfig source;
  BuildConfig build;
  TargetConfig target;
  std::vector<WorkloadSpec> workloads;
  HuntPolicy verdict;
  BisectConfig bisect;
  LimitsConfig limits;
  RunConfig run;
  bool operator==(const Config&) const = default;
};

MachineShape machine_shape(const TargetConfig& target);

// JSON text of the whole configuration, as the journal keeps it: {"schema":1,"source":{...},...}.
std::string to_json(const Config& config);
// Keys that are missing keep their defaults. Throws UsageError on what this version does not know.
Config config_from_json(std::string_view text);

// May a key differ between a run and its resume?
enum class Weight {
  question,  // no: another value asks another question, so old answers do not count
  opinion,   // yes: old outcomes are judged anew, for free
  comfort,   // yes: says how, not what
};

struct ConfigChange {
  std::string key;  // "build.fragments"
  Weight weight = Weight::question;
  std::string before;  // values as JSON text
  std::string after;
  bool operator==(const ConfigChange&) const = default;
};

std::vector<ConfigChange> diff(const Config& before, const Config& after);
// Throws UsageError that names every changed key that is part of the question.
void require_same_question(const Config& before, const Config& after);

}  // namespace kverdict
