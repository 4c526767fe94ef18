#include "setup.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "say.hpp"
#include "sys.hpp"

namespace kvguest {
namespace {

struct Mount {
  const char* type;
  const char* place;
  unsigned long flags;
  const char* options;
};

constexpr Mount k_mounts[] = {
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"debugfs", "/sys/kernel/debug", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666"},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
};

constexpr struct {
  const char* path;
  unsigned major, minor;
} k_nodes[] = {{"/dev/console", 5, 1}, {"/dev/kmsg", 1, 11},  {"/dev/null", 1, 3}, {"/dev/zero", 1, 5},
               {"/dev/full", 1, 7},    {"/dev/random", 1, 8}, {"/dev/tty", 5, 0},  {"/dev/urandom", 1, 9}};

constexpr struct {
  const char* to;
  const char* path;
} k_links[] = {{"/proc/self/fd", "/dev/fd"},
               {"/proc/self/fd/0", "/dev/stdin"},
               {"/proc/self/fd/1", "/dev/stdout"},
               {"/proc/self/fd/2", "/dev/stderr"}};

std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

}  // namespace

void mount_all() {
  umask(0);
  for (const auto& mount_point : k_mounts) {
    mkdir(mount_point.place, 0755);
    // A kernel that lacks the file system keeps the plain folder: good enough for all but proc and sys.
    mount(mount_point.type, mount_point.place, mount_point.type, mount_point.flags, mount_point.options);
  }
  for (const auto& node : k_nodes)
    if (!exists(node.path)) mknod(node.path, S_IFCHR | 0666, makedev(node.major, node.minor));
  for (const auto& link : k_links)
    if (symlink(link.to, link.path) != 0 && errno != EEXIST) break;
  umask(022);
}

std::string build_id() {
  return build_id_in(read_file("/sys/kernel/notes", 64 << 10));
}

std::string build_id_in(std::string_view notes) {
  constexpr unsigned k_gnu_build_id = 3;
  while (notes.size() >= 12) {
    unsigned head[3];
    memcpy(head, notes.data(), sizeof head);
    notes.remove_prefix(sizeof head);
    std::size_t name = padded(head[0]), content = padded(head[1]);
    if (head[0] > notes.size() || name > notes.size() || head[1] > notes.size() - name) return "";
    if (head[2] == k_gnu_build_id && notes.substr(0, head[0]) == std::string_view("GNU\0", 4))
      return hex(notes.substr(name, head[1]));
    notes.remove_prefix(content > notes.size() - name ? notes.size() : name + content);
  }
  return "";
}

void load_module(const std::string& module) {
  auto space = module.find(' ');
  auto path = module.substr(0, space);
  auto parameters = space == std::string::npos ? "" : module.substr(space + 1);
  Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return note("module " + path + ": " + error_text(errno));
  if (syscall(SYS_finit_module, file.get(), parameters.c_str(), 0) == 0 || errno == EEXIST) return;
  note("module " + path + ": " + error_text(errno));
}

void apply_sysctls(const Orders& orders, std::string_view prefix) {
  std::string missing;
  for (const auto& [name, value] : orders.sysctls) {
    if (std::string_view(name).substr(0, prefix.size()) != prefix) continue;
    std::string path = "/proc/sys/" + name;
    for (auto& c : path)
      if (c == '.') c = '/';
    if (write_file(path, value)) continue;
    if (errno != ENOENT) note("sysctl " + name + " = " + value + ": " + error_text(errno));
    if (errno == ENOENT) missing += " " + name;
  }
  if (!missing.empty()) note("sysctls that this kernel lacks:" + missing);
}

void link_busybox() {
  if (!exists("/bin/busybox")) return;
  pid_t child = vfork();
  if (child == 0) {
    execl("/bin/busybox", "busybox", "--install", "-s", "/bin", nullptr);
    _exit(127);
  }
  if (child > 0) waitpid(child, nullptr, 0);
}

void seed_random(std::string_view token) {
  struct {
    int entropy_bits, size;  // rand_pool_info of linux/random.h, whose array has no length
    timespec now[2];
    char token[64];
  } seed{};
  constexpr int k_size = sizeof seed.now + sizeof seed.token;
  clock_gettime(CLOCK_REALTIME, &seed.now[0]);
  clock_gettime(CLOCK_MONOTONIC, &seed.now[1]);
  memcpy(seed.token, token.data(), token.size() < sizeof seed.token ? token.size() : sizeof seed.token);
  seed.size = k_size;
  seed.entropy_bits = 8 * k_size;
  Fd random(open("/dev/urandom", O_WRONLY | O_CLOEXEC));
  if (random) ioctl(random.get(), RNDADDENTROPY, &seed);
}

void power_off() {
  sync();
  // Without ACPI the kernel would halt instead of powering off, and the machine would stay up for ever.
  if (exists("/sys/firmware/acpi")) reboot(RB_POWER_OFF);
  reboot(RB_AUTOBOOT);
  reboot(RB_HALT_SYSTEM);
  for (;;) pause();
}

}  // namespace kvguest
