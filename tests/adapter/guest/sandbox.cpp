#include "tests/adapter/guest/sandbox.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr int k_spaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr unsigned k_patience_s = 60;

bool write_text(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

bool enter_spaces() {
  const auto uid = std::to_string(getuid()), gid = std::to_string(getgid());
  return unshare(k_spaces) == 0 && write_text("/proc/self/setgroups", "deny") &&
         write_text("/proc/self/uid_map", "0 " + uid + " 1") &&
         write_text("/proc/self/gid_map", "0 " + gid + " 1");
}

bool enter_root(const fs::path& root) {
  const auto null = (root / "dev/null").string();
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("/dev/null", null.c_str(), nullptr, MS_BIND, nullptr) == 0 && chroot(root.c_str()) == 0 &&
         chdir("/") == 0;
}

// Two forks: the first enters the namespaces, its child is process 1 there.
int live(const fs::path& root) {
  const pid_t outer = fork();
  if (outer == 0) {
    if (!enter_spaces()) _exit(70);
    const pid_t inner = fork();
    if (inner == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (!enter_root(root)) _exit(71);
      execl("/init", "init", nullptr);
      _exit(72);
    }
    alarm(k_patience_s);
    int status = 0;
    waitpid(inner, &status, 0);
    _exit(WIFSIGNALED(status) ? 0 : WEXITSTATUS(status));  // power-off ends process 1 by a signal
  }
  int status = 0;
  waitpid(outer, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 73;
}

}  // namespace

std::string Sandbox::missing() {
  const pid_t child = fork();
  if (child == 0) _exit(enter_spaces() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? "" : "unprivileged user namespaces are not available here";
}

Sandbox::Sandbox() {
  for (const char* folder : {"dev", "kv/files"}) fs::create_directories(root_.path() / folder);
  for (const char* file : {"dev/null", "dev/console"}) std::ofstream(root_.path() / file) << "";
  put("/init", std::string(KV_BINARY_DIR) + "/guest/kv-init");
}

void Sandbox::put(const std::string& inside, const std::string& host_file) {
  const auto place = root_.path() / inside.substr(1);
  fs::create_directories(place.parent_path());
  fs::copy_file(host_file, place, fs::copy_options::overwrite_existing);
}

std::vector<Marker> Sandbox::run_text(const std::string& job) {
  std::ofstream(root_.path() / "kv/job") << job << std::flush;
  std::vector<Marker> out;
  if (const int end = live(root_.path()); end != 0) {
    out.push_back({"sandbox", {{"end", std::to_string(end)}}});
    return out;
  }
  std::ifstream console(root_.path() / "dev/console");
  for (std::string line; std::getline(console, line);)
    if (auto marker = parse_marker(line)) out.push_back(std::move(*marker));
  return out;
}

}  // namespace kverdict
