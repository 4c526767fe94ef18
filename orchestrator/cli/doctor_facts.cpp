// Looking at the machine. Every answer that cannot be had stays at "unknown" or "not there".
#include <dlfcn.h>
#include <pwd.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "orchestrator/cli/doctor.hpp"
#include "orchestrator/cli/doctor_needs.hpp"
#include "runners/error.hpp"
#include "workloads/guest_programs.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using Environment = std::map<std::string, std::string>;

std::string variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

fs::path xdg_folder(const Environment& environment, const std::string& name, const char* below_home) {
  const std::string xdg = variable(environment, name);
  const fs::path base =
      xdg.starts_with('/') ? fs::path(xdg) : fs::path(variable(environment, "HOME")) / below_home;
  return base / "kverdict";
}

fs::path find_program(const std::string& name, const std::string& path) {
  std::istringstream folders(path.empty() ? "/usr/local/bin:/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path place = fs::path(folder.empty() ? "." : folder) / name;
    std::error_code error;
    if (fs::is_regular_file(place, error) && access(place.c_str(), X_OK) == 0) return place;
  }
  return {};
}

bool has_header(const std::string& name) {
  std::error_code error;
  for (const char* folder : {"/usr/include", "/usr/local/include", "/usr/include/x86_64-linux-gnu"}) {
    if (fs::exists(fs::path(folder) / name, error)) return true;
  }
  return false;
}

// libvirt loads its embedded driver from here; loading it finds what it lacks in turn.
void probe_driver(HostFacts& facts) {
  for (const char* folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"}) {
    const fs::path file = fs::path(folder) / "libvirt/connection-driver/libvirt_driver_qemu.so";
    std::error_code error;
    if (!fs::exists(file, error)) continue;
    facts.embedded_driver = file.string();
    void* driver = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (driver == nullptr) facts.embedded_driver_error = dlerror();
    if (driver != nullptr) dlclose(driver);
    return;
  }
}

// The library is asked only when it is in this process already: the sources link it, this room does not.
std::string libgit2_version() {
  using Version = int (*)(int*, int*, int*);
  const auto version = reinterpret_cast<Version>(dlsym(RTLD_DEFAULT, "git_libgit2_version"));
  int major = 0, minor = 0, patch = 0;
  if (version == nullptr || version(&major, &minor, &patch) != 0) return {};
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::uint64_t number_in(const char* file, std::uint64_t unknown) {
  std::ifstream stream(file);
  std::uint64_t number = unknown;
  return stream >> number ? number : unknown;
}

Bytes memory_available() {
  std::ifstream stream("/proc/meminfo");
  for (std::string word; stream >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == "MemAvailable:" && stream >> kibibytes) return Bytes{kibibytes << 10};
  }
  return Bytes{0};
}

// Of the file system that `folder` is on, or will be.
Bytes free_space(fs::path folder) {
  std::error_code error;
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  const fs::space_info space = fs::space(folder, error);
  return Bytes{error ? 0 : space.available};
}

DeviceState device(const char* path) {
  if (access(path, F_OK) != 0) return DeviceState::absent;
  return access(path, R_OK | W_OK) == 0 ? DeviceState::open : DeviceState::closed;
}

// A complaint of another room is a fact here.
std::string complaint_of_guest_programs() {
  try {
    find_guest_programs();
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

HostFacts probe_host(const Config& config, const Environment& environment) {
  HostFacts facts;
  for (const ProgramNeed& need : program_needs(config)) {
    const fs::path place = find_program(need.program, variable(environment, "PATH"));
    if (!place.empty()) facts.programs[need.program] = place;
  }
  for (const HeaderNeed& need : k_header_needs) {
    if (has_header(std::string(need.header))) facts.headers.insert(std::string(need.header));
  }
  probe_driver(facts);
  facts.libgit2 = libgit2_version();
  facts.guest_programs_error = complaint_of_guest_programs();
  facts.sessions.folder =
      config.run.state.empty() ? xdg_folder(environment, "XDG_STATE_HOME", ".local/state") : config.run.state;
  facts.builds.folder = xdg_folder(environment, "XDG_CACHE_HOME", ".cache");
  for (Space* space : {&facts.sessions, &facts.builds}) space->free = free_space(space->folder);
  facts.memory_available = memory_available();
  facts.kvm = device("/dev/kvm");
  facts.rmem_max = number_in("/proc/sys/net/core/rmem_max", 0);
  facts.user_namespaces = number_in("/proc/sys/user/max_user_namespaces", 0);
  facts.unprivileged_namespaces = number_in("/proc/sys/kernel/unprivileged_userns_clone", 1) != 0;
  facts.root = geteuid() == 0;
  facts.libvirt_qemu_user = getpwnam("libvirt-qemu") != nullptr;
  return facts;
}

}  // namespace kverdict
