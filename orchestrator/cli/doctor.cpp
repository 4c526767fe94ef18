#include "orchestrator/cli/doctor.hpp"

#include <algorithm>

#include "orchestrator/cli/doctor_needs.hpp"
#include "orchestrator/cli/table.hpp"
#include "orchestrator/cli/value.hpp"

namespace kverdict {
namespace {

using Level = Finding::Level;

constexpr Bytes k_session_space{500'000'000};
constexpr Bytes k_build_space{2'000'000'000};
constexpr Bytes k_qemu_memory{400ULL << 20};                // beside the guest's own
constexpr Bytes k_build_memory{2ULL << 30};                 // for compilers and the linker
constexpr std::uint64_t k_netconsole_buffer = 16ULL << 20;  // a whole boot log comes in one burst

Bytes sum(Bytes a, Bytes b) {
  return Bytes{count_of(a) + count_of(b)};
}

// To whole MiB: exact sizes of disks have ten digits.
std::string rounded(Bytes size) {
  const double gibibytes = static_cast<double>(count_of(size)) / static_cast<double>(1ULL << 30);
  return std::to_string(static_cast<std::uint64_t>(gibibytes)) + "." +
         std::to_string(static_cast<std::uint64_t>(gibibytes * 10) % 10) + " GiB";
}

std::string as_root(const HostFacts& facts, const std::string& command) {
  return facts.root ? command : "sudo " + command;
}

Finding fine(std::string name, std::string seen) {
  return {Level::fine, std::move(name), std::move(seen), {}, {}};
}

Level level_of(Demand demand) {
  return demand == Demand::required ? Level::missing : Level::advice;
}

bool has_kind(const Config& config, std::string_view kind) {
  return std::any_of(config.workloads.begin(), config.workloads.end(),
                     [&](const WorkloadSpec& workload) { return workload.kind == kind; });
}

Demand demand_if(bool needed) {
  return needed ? Demand::required : Demand::advised;
}

// CC may hold a launcher and flags: "ccache gcc-12 -m64".
std::string compiler(const BuildConfig& build) {
  const auto llvm = build.make_variables.find("LLVM");
  if (llvm != build.make_variables.end() && llvm->second != "0") return "clang";
  const auto cc = build.make_variables.find("CC");
  std::string last = "gcc", rest = cc == build.make_variables.end() ? "" : cc->second + " ";
  while (!rest.empty()) {
    const std::size_t space = rest.find(' ');
    const std::string word = rest.substr(0, space);
    if (!word.empty() && !word.starts_with("-")) last = word;
    rest.erase(0, space + 1);
  }
  return last;
}

bool is_embedded(const Config& config) {
  return config.target.uri.starts_with("qemu:///embed");
}
// A hypervisor on another host has programs of its own.
bool is_local(const Config& config) {
  return config.target.uri.starts_with("qemu:///");
}

Finding judge_program(const ProgramNeed& need, const HostFacts& facts) {
  const auto found = facts.programs.find(need.program);
  if (found != facts.programs.end()) return fine(need.program, found->second.string());
  return {level_of(need.demand), need.program, "not found; needed for " + need.purpose,
          as_root(facts, "apt-get install -y " + need.package), need.package};
}

Finding judge_header(const HeaderNeed& need, const HostFacts& facts) {
  std::string name(need.header);
  if (facts.headers.contains(name)) return fine(name, "found");
  return {Level::missing, name, "not found; needed for " + std::string(need.purpose),
          as_root(facts, "apt-get install -y " + std::string(need.package)), std::string(need.package)};
}

Finding judge_driver(const HostFacts& facts) {
  const std::string name = "libvirt's embedded QEMU driver", package = "libvirt-daemon-driver-qemu";
  if (facts.embedded_driver.empty()) {
    return {Level::missing, name, "not found", as_root(facts, "apt-get install -y " + package), package};
  }
  if (facts.embedded_driver_error.empty()) return fine(name, facts.embedded_driver);
  return {Level::missing,
          name,
          "cannot be loaded: " + facts.embedded_driver_error,
          as_root(facts, "apt-get install --reinstall -y " + package),
          {}};
}

// As root, libvirt wants to become a user that may not exist; a user namespace spares us that.
Finding judge_namespaces(const HostFacts& facts) {
  const std::string name = "user namespaces";
  if (!facts.root) return fine(name, "not needed by an ordinary user");
  if (facts.libvirt_qemu_user) return fine(name, "not needed: the user libvirt-qemu exists");
  if (facts.user_namespaces > 0) return fine(name, "allowed");
  return {Level::missing,
          name,
          "forbidden, and root needs one for qemu:///embed",
          "sysctl -w user.max_user_namespaces=10000",
          {}};
}

Finding judge_kvm(const HostFacts& facts, Switch wanted) {
  const std::string name = "/dev/kvm";
  const Level absent = wanted == Switch::on ? Level::missing : Level::fine;
  switch (facts.kvm) {
    case DeviceState::absent:
      return {
          absent,
          name,
          "not there: guests are emulated, which is slower",
          absent == Level::fine ? "" : "modprobe kvm_amd || modprobe kvm_intel, or set target.kvm = \"auto\"",
          {}};
    case DeviceState::closed:
      if (wanted == Switch::off) break;
      return {wanted == Switch::on ? Level::missing : Level::advice,
              name,
              "there, but not ours to open",
              "sudo usermod -aG kvm $USER, then log in again",
              {}};
    case DeviceState::open:
      return fine(name, "there; used when a probe guest boots with it");
  }
  return fine(name, "not used");
}

std::string seen_space(const Space& space) {
  return rounded(space.free) + " free at " + space.folder.string();
}

Finding judge_sessions(const Space& space) {
  const std::string name = "space for sessions";
  if (space.free >= k_session_space) return fine(name, seen_space(space));
  return {Level::missing,
          name,
          seen_space(space) + "; transcripts need 0.5 GB",
          "free some, or name another directory: run.state",
          {}};
}

Finding judge_builds(const Space& space, Bytes cache_limit) {
  const std::string name = "space for builds", seen = seen_space(space);
  const std::string move = "free some, or set XDG_CACHE_HOME to another directory";
  if (space.free < k_build_space) return {Level::missing, name, seen + "; a build needs 2 GB", move, {}};
  if (space.free >= cache_limit) return fine(name, seen);
  return {Level::advice,
          name,
          seen + ", less than build.cache_limit (" + to_text(cache_limit) + ")",
          move + ", or lower build.cache_limit",
          {}};
}

Finding judge_memory(const HostFacts& facts, const Config& config) {
  const Bytes guest = sum(config.target.memory, k_qemu_memory), both = sum(guest, k_build_memory);
  const std::string name = "memory", seen = rounded(facts.memory_available) + " available";
  if (count_of(facts.memory_available) == 0) return fine(name, "unknown");
  if (facts.memory_available < guest) {
    return {Level::missing,
            name,
            seen + "; a guest needs " + rounded(guest),
            "end other programs, or lower target.memory",
            {}};
  }
  if (facts.memory_available < both) {
    return {Level::advice,
            name,
            seen + "; a guest and a build together need " + rounded(both),
            "lower build.jobs, or set run.build_ahead = false",
            {}};
  }
  return fine(name, seen);
}

Finding judge_buffer(const HostFacts& facts) {
  const std::string name = "net.core.rmem_max", seen = std::to_string(facts.rmem_max);
  if (facts.rmem_max >= k_netconsole_buffer || facts.root) return fine(name, seen);
  return {Level::advice,
          name,
          seen + "; bursts of netconsole may be lost",
          "sudo sysctl -w net.core.rmem_max=" + std::to_string(k_netconsole_buffer),
          {}};
}

const char* word(Level level) {
  switch (level) {
    case Level::missing:
      return "missing";
    case Level::advice:
      return "advice";
    case Level::fine:
      return "fine";
  }
  return "";
}

Paint paint_of(Level level) {
  switch (level) {
    case Level::missing:
      return Paint::bad;
    case Level::advice:
      return Paint::skip;
    case Level::fine:
      return Paint::good;
  }
  return Paint::plain;
}

}  // namespace

std::vector<ProgramNeed> program_needs(const Config& config) {
  const std::string cc = compiler(config.build);
  std::vector<ProgramNeed> needs{
      {"make", "make", "building kernels"},
      {cc, cc, "building kernels"},
      {"ld", "binutils", "building kernels"},
      {"flex", "flex", "the kernel's configuration"},
      {"bison", "bison", "the kernel's configuration"},
      {"bc", "bc", "the kernel's build"},
      {"perl", "perl", "the kernel's build"},
      {"lz4", "lz4", "bzImages that are compressed with it", Demand::advised},
      {"ccache", "ccache", "quick builds", demand_if(config.build.ccache == Switch::on)},
      {"iperf3", "iperf3", "workloads of kind iperf", demand_if(has_kind(config, "iperf"))},
      {"busybox", "busybox-static", "workloads that are shell scripts",
       demand_if(has_kind(config, "script"))},
  };
  if (config.build.ccache == Switch::off) {
    std::erase_if(needs, [](const ProgramNeed& need) { return need.program == "ccache"; });
  }
  if (is_local(config))
    needs.insert(needs.begin(), {"qemu-system-x86_64", "qemu-system-x86", "booting kernels"});
  return needs;
}

std::vector<Finding> examine(const HostFacts& facts, const Config& config) {
  std::vector<Finding> findings;
  for (const ProgramNeed& need : program_needs(config)) findings.push_back(judge_program(need, facts));
  for (const HeaderNeed& need : k_header_needs) findings.push_back(judge_header(need, facts));
  if (is_embedded(config)) findings.push_back(judge_driver(facts));
  if (is_embedded(config)) findings.push_back(judge_namespaces(facts));
  if (!facts.libgit2.empty()) findings.push_back(fine("libgit2", facts.libgit2));
  if (facts.guest_programs_error.empty()) {
    findings.push_back(fine("guest programs", "found"));
  } else {
    findings.push_back({Level::missing, "guest programs", facts.guest_programs_error, "scripts/setup", {}});
  }
  findings.push_back(judge_sessions(facts.sessions));
  findings.push_back(judge_builds(facts.builds, config.build.cache_limit));
  findings.push_back(judge_memory(facts, config));
  if (is_local(config)) findings.push_back(judge_kvm(facts, config.target.kvm));
  findings.push_back(judge_buffer(facts));
  return findings;
}

std::string install_all(const std::vector<Finding>& findings, const HostFacts& facts) {
  std::set<std::string> packages;
  for (const Finding& finding : findings) {
    if (finding.level != Level::fine && !finding.package.empty()) packages.insert(finding.package);
  }
  if (packages.empty()) return {};
  std::string command = as_root(facts, "apt-get install -y");
  for (const std::string& package : packages) command += " " + package;
  return command;
}

std::string doctor_text(const std::vector<Finding>& findings, const std::string& install,
                        const Terminal& terminal) {
  std::string text;
  for (const Finding& finding : findings) {
    std::string label = word(finding.level);
    label.resize(8, ' ');
    text += painted(label, paint_of(finding.level), terminal.colors) + printable(finding.name) + ": " +
            printable(finding.seen) + "\n";
    if (!finding.repair.empty()) text += "        repair: " + printable(finding.repair) + "\n";
  }
  if (!install.empty()) text += "All packages at once: " + install + "\n";
  return text;
}

std::string doctor_json(const std::vector<Finding>& findings, const std::string& install) {
  ValueList rows;
  for (const Finding& finding : findings) {
    rows.push_back({ValueTable{{"name", {finding.name}},
                               {"level", {std::string(word(finding.level))}},
                               {"seen", {finding.seen}},
                               {"repair", {finding.repair}},
                               {"package", {finding.package}}}});
  }
  return json_text({ValueTable{{"schema", {std::int64_t{1}}},
                               {"ok", {doctor_exit_code(findings) == 0}},
                               {"install", {install}},
                               {"findings", {std::move(rows)}}}});
}

int doctor_exit_code(const std::vector<Finding>& findings) {
  const bool lacking = std::any_of(findings.begin(), findings.end(),
                                   [](const Finding& finding) { return finding.level == Level::missing; });
  return lacking ? 2 : 0;
}

}  // namespace kverdict
