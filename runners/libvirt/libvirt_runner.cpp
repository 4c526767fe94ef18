#include "runners/libvirt/libvirt_runner.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/host/log.hpp"
#include "runners/host/speed.hpp"
#include "runners/libvirt/kvm_probe.hpp"
#include "runners/libvirt/libvirt_machine.hpp"

namespace kverdict {

namespace fs = std::filesystem;

namespace {

// Emulated guests against hardware, measured with kernel boots and TCP streams on the reference host.
constexpr double k_emulation_scale = 10;
constexpr double k_least_scale = 5;
constexpr double k_most_scale = 60;
constexpr Millis k_look_every{250};
constexpr const char* k_small_firmware = "/usr/share/qemu/qboot.rom";  // 60 ms a boot quicker than SeaBIOS

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "unknown";
  return name;
}

std::string in_path(const std::string& program) {
  const char* variable = std::getenv("PATH");
  std::string path = std::string(variable ? variable : "") + ":/usr/bin:/usr/local/bin";
  for (std::size_t begin = 0; begin <= path.size();) {
    std::size_t end = std::min(path.find(':', begin), path.size());
    fs::path candidate = fs::path(path.substr(begin, end - begin)) / program;
    if (end > begin && ::access(candidate.c_str(), X_OK) == 0) return candidate.string();
    begin = end + 1;
  }
  return "";
}

std::string find_emulator(const LibvirtOptions& options) {
  std::string wanted = options.emulator.empty() ? "qemu-system-x86_64" : options.emulator;
  std::string found = wanted.find('/') == std::string::npos ? in_path(wanted) : wanted;
  if (!found.empty() && ::access(found.c_str(), X_OK) == 0) return found;
  throw UsageError("no " + wanted + " on this host: install the Debian package qemu-system-x86");
}

std::string owner_text(const LibvirtGround& ground) {
  return host_name() + ":" + ground.slot().string();
}

// The embedded driver gets the slot as its root, when the URI does not name one.
std::string full_uri(const LibvirtOptions& options, const LibvirtGround& ground) {
  if (place_of(options.uri) != LibvirtPlace::embedded || options.uri.find("root=") != std::string::npos)
    return options.uri;
  return "qemu:///embed?root=" + ground.slot().string();
}

bool below(const fs::path& path, const fs::path& directory) {
  auto relative =
      fs::absolute(path).lexically_normal().lexically_relative(fs::absolute(directory).lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

// A daemon hands file consoles to its log keeper, which cuts them at 2 MiB; it leaves fifos alone. Other
// hosts cannot write our fifos.
ConsoleKind console_kind(LibvirtPlace place) {
  return place == LibvirtPlace::local ? ConsoleKind::pipe : ConsoleKind::file;
}

void make_fifo(const fs::path& path) {
  ::unlink(path.c_str());
  if (::mkfifo(path.c_str(), 0600) != 0) throw_file_error("make", path, errno);
  ::chmod(path.c_str(), 0666);  // the daemon's QEMU is somebody else
}

// What the console is read from.
fs::path make_console(const DomainFacts& facts) {
  if (facts.console_kind == ConsoleKind::file) {
    write_file(facts.console, "");
    return facts.console;
  }
  make_fifo(facts.console.string() + ".in");
  make_fifo(facts.console.string() + ".out");
  return facts.console.string() + ".out";
}

Task<bool> choose_hardware(Clock& clock, const LibvirtOptions& options, const std::string& emulator) {
  LibvirtPlace place = place_of(options.uri);
  if (place == LibvirtPlace::test || options.acceleration == Acceleration::emulated) co_return false;
  if (place == LibvirtPlace::remote) co_return options.acceleration == Acceleration::hardware;
  auto probing = guests_run_with_kvm(clock, emulator, options.state_directory);
  bool works = co_await std::move(probing);
  if (!works && options.acceleration == Acceleration::hardware)
    throw UsageError("hardware acceleration is asked for, but guests do not run with /dev/kvm on this host");
  co_return works;
}

}  // namespace

LibvirtRunner::LibvirtRunner(Clock& clock, LibvirtOptions options, LibvirtGround ground)
    : clock_(clock),
      options_(std::move(options)),
      ground_(std::move(ground)),
      swept_at_start_(ground_.swept()) {}

Task<std::unique_ptr<LibvirtRunner>> LibvirtRunner::open(Clock& clock, LibvirtOptions options,
                                                         LibvirtGround ground) {
  LibvirtPlace place = place_of(options.uri);
  if (place == LibvirtPlace::remote && options.shared_directory.empty())
    throw UsageError(options.uri +
                     ": kernels and consoles are files of this host; set shared_directory to a "
                     "directory that the other host sees under the same path");
  std::unique_ptr<LibvirtRunner> runner(new LibvirtRunner(clock, std::move(options), std::move(ground)));
  LibvirtRunner& self = *runner;
  std::string uri = full_uri(self.options_, self.ground_);
  bool here = place == LibvirtPlace::embedded || place == LibvirtPlace::local;
  std::string emulator = here ? find_emulator(self.options_) : self.options_.emulator;

  auto choosing = choose_hardware(clock, self.options_, emulator);
  bool hardware = co_await std::move(choosing);
  HostSpeed speed = measure_host_speed();
  self.facts_.type = place == LibvirtPlace::test ? "test" : hardware ? "kvm" : "qemu";
  self.facts_.emulator = emulator;
  self.facts_.machine = place == LibvirtPlace::test ? "" : self.options_.machine;
  if (here && ::access(k_small_firmware, R_OK) == 0) self.facts_.firmware = k_small_firmware;
  self.facts_.console_kind = console_kind(place);
  self.facts_.owner = owner_text(self.ground_);
  if (!hardware && here) self.facts_.tsc_khz = speed.tsc_khz;

  auto opening = Connection::open(clock, uri, self.options_.call_limit);
  self.connection_ = co_await std::move(opening);
  if (here) {
    auto learning = self.connection_->learn_emulator(emulator, self.facts_.machine, self.facts_.type);
    co_await std::move(learning);
  }
  self.traits_.name = self.options_.uri + (hardware ? " (KVM)" : place == LibvirtPlace::test ? "" : " (TCG)");
  self.traits_.slots = self.options_.slots;
  self.traits_.time_scale =
      hardware ? 1.0 : std::clamp(k_emulation_scale * speed.slowness, k_least_scale, k_most_scale);
  co_return runner;
}

void LibvirtRunner::check_reachable(const BootSpec& spec) const {
  if (place_of(options_.uri) != LibvirtPlace::remote) return;
  for (const fs::path& path : {spec.image.kernel, spec.initramfs, spec.directory})
    if (!path.empty() && !below(path, options_.shared_directory))
      throw UsageError(path.string() + " is not below shared_directory " +
                       options_.shared_directory.string() + ": " + options_.uri + " cannot see it");
}

// The user network of a guest ends on the host that QEMU runs on. Not unasked: netconsole on the command line
// makes the kernel wait four seconds for a card whose link is up at once.
std::unique_ptr<NetconsoleListener> LibvirtRunner::listen_for(
    const BootSpec& spec, const boost::asio::any_io_executor& executor) const {
  const auto place = place_of(options_.uri);
  const bool here = place == LibvirtPlace::embedded || place == LibvirtPlace::local;
  if (!here || spec.netconsole != NetconsoleUse::on) return nullptr;
  return std::make_unique<NetconsoleListener>(executor, UdpPlace{});
}

Task<std::unique_ptr<Machine>> LibvirtRunner::boot(BootSpec spec) {
  check_reachable(spec);
  DomainFacts facts = facts_;
  facts.console = fs::absolute(spec.directory) / "serial.log";
  auto executor = co_await boost::asio::this_coro::executor;
  auto netconsole = listen_for(spec, executor);
  if (netconsole) facts.netconsole_port = netconsole->port();
  std::string xml = domain_xml(spec, facts);
  write_file(spec.directory / "domain.xml", xml);

  DomainPlaces places;
  places.name = domain_name(spec);
  places.console = make_console(facts);
  places.memory = fs::absolute(spec.directory) / k_memory_file;
  if (place_of(options_.uri) == LibvirtPlace::remote) places.look_every = k_look_every;
  if (place_of(options_.uri) == LibvirtPlace::embedded) {
    places.pid_file = pid_file(ground_.slot(), places.name);
    places.log_file = ground_.slot() / "log" / "qemu" / (places.name + ".log");
  }
  auto machine = std::make_unique<LibvirtMachine>(executor, clock_, *connection_, std::move(places),
                                                  std::move(netconsole));
  auto starting = machine->start(std::move(xml));
  co_await std::move(starting);
  co_return machine;
}

// Ours by prefix and by the owner in the metadata, and the owner is a slot of this host that nobody holds
// (our own slot's earlier domains are orphans too: whoever made them is gone, or we would not have it).
Task<unsigned> LibvirtRunner::destroy_orphans() {
  auto listing = connection_->owned_domains();
  std::vector<OwnedDomain> domains = co_await std::move(listing);
  std::string here = host_name() + ":";
  unsigned destroyed = 0;
  for (const OwnedDomain& domain : domains) {
    if (!domain.name.starts_with(k_domain_prefix) || !domain.owner.starts_with(here)) continue;
    if (connection_->is_watched(domain.name)) continue;
    fs::path slot = domain.owner.substr(here.size());
    if (slot != ground_.slot() && !slot_is_free(slot)) continue;
    auto destroying = connection_->destroy(domain.name);
    co_await std::move(destroying);
    ++destroyed;
  }
  co_return destroyed;
}

Task<unsigned> LibvirtRunner::sweep() {
  unsigned swept = std::exchange(swept_at_start_, 0);
  if (place_of(options_.uri) == LibvirtPlace::embedded)
    co_return swept + end_guests_of_dead_neighbours(ground_.slot());
  auto destroying = destroy_orphans();
  co_return swept + co_await std::move(destroying);
}

}  // namespace kverdict
