#include "runners/libvirt/ground.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>

#include "runners/error.hpp"
#include "runners/host/files.hpp"

namespace kverdict {

namespace fs = std::filesystem;

namespace {

constexpr unsigned k_most_slots = 256;
// Below the slot libvirt makes unix sockets, whose paths the kernel limits to 107 bytes.
constexpr std::size_t k_longest_base = 46;
constexpr std::size_t k_cmdline_limit = 64 * 1024;
constexpr int k_death_limit_ms = 5000;
constexpr char k_orderly = 'x';

// Settings that need nothing from the host: no virtlogd, cgroups, security driver or private mounts.
constexpr const char* k_driver_settings =
    "stdio_handler = \"file\"\n"
    "security_driver = \"none\"\n"
    "cgroup_controllers = [ ]\n"
    "namespaces = [ ]\n"
    "remember_owner = 0\n"
    "max_core = 0\n";

std::optional<pid_t> pid_of(const std::string& name) {
  pid_t pid = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size() || pid <= 1) return std::nullopt;
  return pid;
}

// Empty when the process is gone or not ours to see. Never throws: the guard calls it too.
std::string command_line(pid_t pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/cmdline";
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(k_cmdline_limit, '\0');
  ssize_t got = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

// libvirt names the guest's own directory below its root in QEMU's arguments.
bool is_guest_of(pid_t pid, const std::string& root) {
  std::string text = command_line(pid);
  return text.find("guest=") != std::string::npos &&
         text.find("\"" + root + "/lib/qemu/domain-") != std::string::npos;
}

// The pidfd is opened before the look at the command line, so that the number cannot change hands between.
bool end_guest(pid_t pid, const std::string& root) {
  Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (!process || !is_guest_of(pid, root)) return false;
  if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0U) != 0) return false;
  pollfd gone{process.get(), POLLIN, 0};
  ::poll(&gone, 1, k_death_limit_ms);
  return true;
}

// What libvirt would take for running guests of its own.
void forget_guests(const fs::path& root) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root / "run" / "qemu", ignored)) {
    auto extension = entry.path().extension();
    bool of_driver = entry.path().filename() == "driver.pid";
    if (!of_driver && (extension == ".pid" || extension == ".xml")) fs::remove(entry.path(), ignored);
  }
  for (const auto& entry : fs::directory_iterator(root / "lib" / "qemu", ignored))
    if (entry.path().filename().string().starts_with("domain-")) fs::remove_all(entry.path(), ignored);
  fs::remove_all(root / "log" / "qemu", ignored);
  fs::remove(root / "libvirt.log", ignored);
}

void put(const char* path, const char* text) {
  Fd fd(::open(path, O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), text, std::strlen(text)) < 0)
    throw UsageError(std::string("cannot set up a user namespace: ") + path + ": " + std::strerror(errno) +
                     "; run kverdict as an ordinary user");
}

// Some ordinary user's number, which libvirt does not treat as privileged; to the kernel we stay who we are.
void leave_root() {
  if (::unshare(CLONE_NEWUSER) != 0)
    throw UsageError(std::string("libvirt's embedded driver cannot run as root here (user namespaces: ") +
                     std::strerror(errno) +
                     "); run kverdict as an ordinary user, or set uri = \"qemu:///system\"");
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", "1000 0 1");
  put("/proc/self/gid_map", "1000 0 1");
}

// A directory of ours that nobody else can write, with a short name.
fs::path short_base(const fs::path& state) {
  std::size_t key = std::hash<std::string>{}(state.string());
  char name[64];
  std::snprintf(name, sizeof name, "/tmp/kverdict-%u-%08x", ::geteuid(), static_cast<unsigned>(key));
  ::mkdir(name, 0700);
  struct stat status {};
  if (::lstat(name, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & 022) != 0)
    throw UsageError(std::string(name) + " is not a directory of yours alone: remove it");
  return name;
}

fs::path slot_base(const LibvirtOptions& options) {
  fs::path base = fs::absolute(options.state_directory) / "vm";
  return base.string().size() <= k_longest_base ? base : short_base(options.state_directory);
}

// The capability cache costs seconds to fill, so that all slots share one.
void furnish(const fs::path& slot, const fs::path& state) {
  make_dirs(slot / "etc");
  make_dirs(slot / "cache");
  make_dirs(state / "libvirt-cache");
  std::string settings = k_driver_settings;
  if (::geteuid() == 0) settings += "user = \"root\"\ngroup = \"root\"\n";
  write_file(slot / "etc" / "qemu.conf", settings);
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(slot / "cache" / "qemu", ignored)))
    fs::create_symlink(fs::absolute(state / "libvirt-cache"), slot / "cache" / "qemu", ignored);
}

// Ends what earlier owners of the slot left before it becomes ours.
LibvirtGround settle(FileLock lock, const fs::path& slot, const LibvirtOptions& options) {
  unsigned swept = end_guests_of(slot);
  forget_guests(slot);
  furnish(slot, options.state_directory);
  LibvirtGround ground(std::move(lock), slot, swept);
  ground.post_guard();
  return ground;
}

LibvirtGround take_slot(const LibvirtOptions& options) {
  fs::path base = slot_base(options);
  for (unsigned number = 0; number < k_most_slots; ++number) {
    fs::path slot = base / std::to_string(number);
    make_dirs(slot);
    auto lock = FileLock::acquire(slot / "lock");
    if (auto* ours = std::get_if<FileLock>(&lock)) return settle(std::move(*ours), slot, options);
  }
  throw UsageError("more than " + std::to_string(k_most_slots) + " sessions use " + base.string());
}

LibvirtGround take_root(const fs::path& root, const LibvirtOptions& options) {
  make_dirs(root);
  auto lock = FileLock::acquire(root / "lock");
  if (auto* holder = std::get_if<LockHolder>(&lock))
    throw UsageError("libvirt root " + root.string() + " is in use by " + holder->text);
  return settle(std::move(std::get<FileLock>(lock)), root, options);
}

// The guard: waits for the end of its owner, then ends the guests that are still there. Guests that were
// just being started show up late, so it looks more than once.
// Until it has looked for the last time it holds the slot's lock, so that a successor takes another slot and
// its guests are not mistaken for what was left.
[[noreturn]] void guard(int owner_alive, int lock, const fs::path& slot) {
  ::setsid();
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  ::prctl(PR_SET_NAME, "kv-guard");
  Fd apart(::fcntl(lock, F_DUPFD, 3));  // neither 0 nor 1
  ::dup2(owner_alive, 0);
  ::dup2(apart.get(), 1);
  apart.release();
  ::syscall(SYS_close_range, 2U, ~0U, 0U);
  char word = 0;
  ssize_t got = 0;
  do {
    got = ::read(0, &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got == 1 && word == k_orderly) ::_exit(0);
  for (int pause_ms : {0, 500, 2000}) {
    ::poll(nullptr, 0, pause_ms);
    end_guests_of(slot);
  }
  ::_exit(0);
}

std::string root_in(const std::string& uri) {
  constexpr std::string_view k_key = "root=";
  std::size_t query = uri.find('?');
  std::size_t start = query == std::string::npos ? query : uri.find(k_key, query);
  if (start == std::string::npos) return "";
  start += k_key.size();
  return uri.substr(start, uri.find('&', start) - start);
}

}  // namespace

fs::path pid_file(const fs::path& slot, const std::string& domain) {
  return slot / "run" / "qemu" / (domain + ".pid");
}

unsigned end_guests_of(const fs::path& root) {
  unsigned ended = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    auto pid = pid_of(entry.path().filename().string());
    if (pid && end_guest(*pid, root.string())) ++ended;
  }
  return ended;
}

unsigned end_guests_of_dead_neighbours(const fs::path& slot) {
  unsigned ended = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(slot.parent_path(), ignored)) {
    if (entry.path() == slot || !fs::exists(entry.path() / "lock", ignored)) continue;
    auto lock = FileLock::acquire(entry.path() / "lock");  // held while we sweep: nobody moves in
    if (std::holds_alternative<FileLock>(lock)) ended += end_guests_of(entry.path());
  }
  return ended;
}

bool slot_is_free(const fs::path& slot) {
  std::error_code ignored;
  if (!fs::exists(slot / "lock", ignored)) return true;
  auto lock = FileLock::acquire(slot / "lock");
  return std::holds_alternative<FileLock>(lock);
}

void LibvirtGround::post_guard() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_file_error("make", "pipe", errno);
  Fd theirs(ends[0]);
  alive_ = Fd(ends[1]);
  pid_t middle = ::fork();
  if (middle < 0) throw_file_error("make", "guard process", errno);
  if (middle == 0) {
    if (::fork() == 0) guard(theirs.get(), lock_.descriptor(), slot_);
    ::_exit(0);  // the guard belongs to nobody, so that nobody has to wait for it
  }
  ::waitpid(middle, nullptr, 0);
}

LibvirtGround::~LibvirtGround() {
  if (!alive_) return;
  end_guests_of(slot_);
  lock_.release();  // the guard shares it, and need not be waited for
  ssize_t ignored = ::write(alive_.get(), &k_orderly, 1);
  (void)ignored;
}

LibvirtGround prepare_process_for_libvirt(const LibvirtOptions& options) {
  make_dirs(options.state_directory);
  bool embedded = place_of(options.uri) == LibvirtPlace::embedded;
  if (embedded && ::geteuid() == 0) leave_root();
  std::string root = embedded ? root_in(options.uri) : "";
  LibvirtGround ground = root.empty() ? take_slot(options) : take_root(root, options);
  if (!embedded) return ground;
  // The driver's own log would go to our stderr.
  std::string log = "3:file:" + (ground.slot() / "libvirt.log").string();
  ::setenv("LIBVIRT_LOG_OUTPUTS", log.c_str(), 0);
  return ground;
}

}  // namespace kverdict
