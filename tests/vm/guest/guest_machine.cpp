#include "tests/vm/guest/guest_machine.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "orchestrator/images/initramfs.hpp"
#include "runners/host/speed.hpp"
#include "workloads/boot_defaults.hpp"
#include "workloads/guest_programs.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_qemu = "/usr/bin/qemu-system-x86_64";
constexpr double k_time_scale = 4;  // an emulated processor on a busy host
constexpr unsigned k_patience_s = 120;

fs::path kernel() {
  if (const char* given = std::getenv("KV_TEST_KERNEL")) return given;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  fs::path base = cache ? fs::path(cache) : fs::path(home ? home : "/root") / ".cache";
  return base / "kverdict/test-kernel/vmlinux";
}

std::string device(NicModel model) {
  switch (model) {
    case NicModel::virtio:
      return "virtio-net-pci";
    case NicModel::e1000:
      return "e1000";
    case NicModel::e1000e:
      return "e1000e";
    case NicModel::rtl8139:
      return "rtl8139";
    case NicModel::vmxnet3:
      return "vmxnet3";
  }
  return "";
}

void add_nics(std::vector<std::string>& argv, const std::vector<Nic>& nics) {
  unsigned wires = 0, number = 0;
  for (const auto& nic : nics) {
    const auto id = "n" + std::to_string(number++);
    const auto hub = std::to_string(wires / 2);
    if (nic.link == NicLink::wire) ++wires;
    argv.emplace_back("-netdev");
    argv.push_back(nic.link == NicLink::wire ? "hubport,id=" + id + ",hubid=" + hub : "user,id=" + id);
    argv.emplace_back("-device");
    argv.push_back(device(nic.model) + ",netdev=" + id);
  }
}

// False when it had to be killed.
bool run(const std::vector<std::string>& argv, const fs::path& log) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(out, 1);
    dup2(out, 2);
    alarm(k_patience_s);
    execv(words[0], words.data());
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

GuestLife read_life(const fs::path& console) {
  GuestLife life;
  std::ifstream file(console, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (auto marker = parse_marker(line))
      life.markers.push_back(std::move(*marker));
    else if (looks_like_marker(line))
      life.torn.push_back(line);
    life.lines.push_back(std::move(line));
  }
  return life;
}

}  // namespace

std::vector<Marker> GuestLife::all(const std::string& word) const {
  std::vector<Marker> out;
  for (const auto& marker : markers)
    if (marker.word == word) out.push_back(marker);
  return out;
}

std::vector<std::string> GuestLife::texts(const std::string& word) const {
  std::vector<std::string> out;
  for (const auto& marker : all(word)) out.push_back(marker.field("text"));
  return out;
}

std::string GuestLife::line_with(const std::string& text) const {
  for (const auto& line : lines)
    if (line.find(text) != std::string::npos) return line;
  return "";
}

std::string GuestLife::tail() const {
  constexpr std::size_t k_lines = 60;
  std::string out;
  for (std::size_t i = lines.size() > k_lines ? lines.size() - k_lines : 0; i < lines.size(); ++i)
    out += lines[i] + "\n";
  return out;
}

std::string GuestMachine::missing() {
  std::error_code ignored;
  if (!fs::exists(k_qemu, ignored)) return "no QEMU: apt-get install qemu-system-x86";
  if (!fs::exists(kernel(), ignored))
    return "no test kernel at " + kernel().string() + ": run scripts/setup or set KV_TEST_KERNEL";
  return "";
}

std::vector<std::string> GuestMachine::command(const fs::path& initramfs) const {
  auto cmdline = "console=ttyS0 " + default_cmdline(k_time_scale);
  if (const auto khz = measure_host_speed().tsc_khz) cmdline += " tsc_early_khz=" + std::to_string(khz);
  std::vector<std::string> argv = {k_qemu,
                                   "-accel",
                                   "tcg",
                                   "-cpu",
                                   "max",
                                   "-m",
                                   "256",
                                   "-display",
                                   "none",
                                   "-no-reboot",
                                   "-nodefaults",
                                   "-serial",
                                   "file:" + (folder_.path() / "console").string(),
                                   "-global",
                                   "e1000.autonegotiation=off",
                                   "-kernel",
                                   kernel().string(),
                                   "-initrd",
                                   initramfs.string(),
                                   "-append",
                                   cmdline};
  add_nics(argv, shape_.nics);
  return argv;
}

GuestLife GuestMachine::boot(const GuestJob& job, const std::vector<GuestFile>& files) {
  const auto base = base_initramfs({find_guest_programs().init, files}, folder_.path() / "base");
  const auto initramfs = folder_.path() / "initramfs";
  write_initramfs(base, job, initramfs);
  const bool ended = run(command(initramfs), folder_.path() / "qemu.log");
  auto life = read_life(folder_.path() / "console");
  life.ended = ended;
  return life;
}

}  // namespace kverdict
