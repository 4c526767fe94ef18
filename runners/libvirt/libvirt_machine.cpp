// When is it over? QEMU's process is watched where it is ours to see (libvirt polls for its end, and may
// report it seconds late), else libvirt's STOPPED event is the end. libvirt's events say why.
//   process gone, guest went off before     powered_off
//   process gone, we destroyed it           destroyed
//   process gone, libvirt says neither      lost (after a while: its word may be on the way)
//   connection lost                         lost
#include "runners/libvirt/libvirt_machine.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <charconv>
#include <csignal>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "runners/host/log.hpp"
#include "runners/host/mapped_file.hpp"
#include "runners/host/race.hpp"
#include "runners/memory/kernel_log.hpp"

namespace kverdict {

namespace asio = boost::asio;

namespace {

constexpr Millis k_word_of_libvirt{3000};
constexpr Millis k_power_off_limit{30'000};
constexpr int k_blunt_limit_ms = 5000;
constexpr std::uint64_t k_console_limit = 256ull << 20;
constexpr std::size_t k_words_limit = 2000;
constexpr std::size_t k_pid_limit = 64;

constexpr Millis k_key_pause{300};
constexpr std::string_view k_sysrq_keys = "ltwm";  // CPUs, tasks, blocked tasks, memory

constexpr const char* k_break_command =
    R"({"execute":"chardev-send-break","arguments":{"id":"charserial0"}})";

std::string json_text(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string join_input_command(const std::filesystem::path& input, const std::filesystem::path& output) {
  return R"({"execute":"chardev-change","arguments":{"id":"charserial0","backend":{"type":"file","data":{"in":)" +
         json_text(input.string()) + R"(,"out":)" + json_text(output.string()) + R"(,"append":true}}}})";
}

Fd open_process(const std::filesystem::path& pid_file) {
  auto text = read_file_if_there(pid_file, k_pid_limit);
  pid_t pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
  if (pid <= 1) return Fd();
  return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
}

}  // namespace

LibvirtMachine::LibvirtMachine(asio::any_io_executor executor, Clock& clock, Connection& connection,
                               DomainPlaces places, std::unique_ptr<NetconsoleListener> netconsole)
    : executor_(executor),
      clock_(clock),
      connection_(connection),
      places_(std::move(places)),
      console_(executor, places_.console, places_.look_every),
      netconsole_(std::move(netconsole)),
      kernel_log_(netconsole_ ? netconsole_->listen("") : nullptr),
      process_(executor),
      patience_(executor),
      over_(executor) {
  connection_.watch(places_.name, [this](DomainEvent event) { on_event(event); });
}

LibvirtMachine::~LibvirtMachine() {
  connection_.unwatch(places_.name);
  if (!created_ || exit_) return;
  if (process_.is_open()) {
    ::syscall(SYS_pidfd_send_signal, process_.native_handle(), SIGKILL, nullptr, 0U);
    pollfd gone{process_.native_handle(), POLLIN, 0};
    ::poll(&gone, 1, k_blunt_limit_ms);
  } else {
    connection_.destroy_now(places_.name, Millis(k_blunt_limit_ms));
  }
}

Task<void> LibvirtMachine::start(std::string xml) {
  auto creating = connection_.create(places_.name, std::move(xml));
  co_await std::move(creating);
  created_ = true;
  watch_process();
  conclude_if_over();
}

// Not there any more when the guest was quicker than we: then libvirt's STOPPED event is on its way.
void LibvirtMachine::watch_process() {
  if (places_.pid_file.empty()) return;
  Fd process = open_process(places_.pid_file);
  if (!process) return;
  process_.assign(process.release());
  wait_for_process();
}

// A wake-up may be another's (a child that was forked a moment ago has copies of descriptors closed here, and
// epoll goes on reporting them): the process itself is asked.
void LibvirtMachine::wait_for_process() {
  process_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
    if (error == asio::error::operation_aborted) return;
    pollfd gone{process_.native_handle(), POLLIN, 0};
    if (::poll(&gone, 1, 0) == 0) return wait_for_process();
    on_process_gone();
  });
}

void LibvirtMachine::on_process_gone() {
  process_gone_ = true;
  conclude_if_over();
  if (exit_) return;
  patience_.expires_after(k_word_of_libvirt);
  patience_.async_wait([this](boost::system::error_code error) {
    if (error != asio::error::operation_aborted && !exit_)
      conclude(GuestExit::Cause::lost, "QEMU is gone: " + last_words_of_qemu());
  });
}

void LibvirtMachine::on_event(DomainEvent event) {
  if (exit_) return;
  if (event.type == k_connection_lost)
    return conclude(GuestExit::Cause::lost, connection_.uri() + ": connection lost");
  if (event.type == VIR_DOMAIN_EVENT_SHUTDOWN && event.detail != VIR_DOMAIN_EVENT_SHUTDOWN_HOST)
    guest_went_off_ = true;
  if (event.type == VIR_DOMAIN_EVENT_STOPPED) stopped_ = event.detail;
  conclude_if_over();
}

void LibvirtMachine::conclude_if_over() {
  bool quiet = process_.is_open() ? process_gone_ : stopped_.has_value();
  if (exit_ || !created_ || !quiet) return;
  if (guest_went_off_) return conclude(GuestExit::Cause::powered_off, "");
  if (we_destroyed_) return conclude(GuestExit::Cause::destroyed, "");
  if (!stopped_) return;
  if (*stopped_ == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN) return conclude(GuestExit::Cause::powered_off, "");
  if (*stopped_ == VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
    return conclude(GuestExit::Cause::lost, "somebody else destroyed domain " + places_.name);
  conclude(GuestExit::Cause::lost, "QEMU ended unasked: " + last_words_of_qemu());
}

void LibvirtMachine::conclude(GuestExit::Cause cause, std::string detail) {
  exit_ = GuestExit{cause, std::move(detail)};
  console_.writer_gone();
  over_.raise();
}

std::string LibvirtMachine::last_words_of_qemu() const {
  std::error_code ignored;
  if (places_.log_file.empty() || !std::filesystem::exists(places_.log_file, ignored))
    return "no reason known";
  std::string words = read_tail(places_.log_file, k_words_limit);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return words.substr(words.rfind('\n') + 1);
}

std::optional<ConsoleChunk> LibvirtMachine::take_what_is_there() {
  if (!memory_log_.empty()) return ConsoleChunk{ConsoleSource::memory, std::exchange(memory_log_, {})};
  console_first_ = !console_first_;
  for (bool console : {console_first_, !console_first_}) {
    if (!console && !kernel_log_) continue;
    std::string bytes = console ? console_.take() : kernel_log_->take();
    if (bytes.empty()) continue;
    return ConsoleChunk{console ? ConsoleSource::serial : ConsoleSource::netconsole, std::move(bytes)};
  }
  return std::nullopt;
}

Task<void> LibvirtMachine::wait_for_words() {
  Task<void> console = console_.wait();
  if (!kernel_log_) {
    co_await std::move(console);
    co_return;
  }
  Task<void> network = kernel_log_->wait();
  co_await race(std::move(console), std::move(network));
}

Task<ConsoleEvent> LibvirtMachine::next() {
  for (;;) {
    const bool last = exit_.has_value();
    if (auto chunk = take_what_is_there()) {
      delivered_ += chunk->bytes.size();
      if (delivered_ > k_console_limit)
        throw InfraError("domain " + places_.name + " wrote more than " +
                         std::to_string(k_console_limit >> 20) + " MiB to its console");
      co_return std::move(*chunk);
    }
    if (last) {
      if (kernel_log_) exit_->netconsole = kernel_log_->counts();
      co_return *exit_;
    }
    auto waiting = wait_for_words();
    co_await std::move(waiting);
  }
}

Task<bool> LibvirtMachine::provoke(Provocation how) {
  if (exit_) co_return false;
  Task<bool> provoking = how == Provocation::nmi      ? connection_.inject_nmi(places_.name)
                         : how == Provocation::memory ? read_memory()
                                                      : send_sysrq();
  co_return co_await std::move(provoking);
}

// The file stays; whoever asked decides what becomes of it.
Task<bool> LibvirtMachine::read_memory() {
  auto dumping = connection_.dump_memory(places_.name, places_.memory);
  if (!co_await std::move(dumping)) co_return false;
  const MappedFile file(places_.memory);
  const auto core = CoreFile::parse(file.bytes());
  if (const auto* why = std::get_if<std::string>(&core)) {
    log_warning(places_.memory.string() + ": " + *why);
    co_return false;
  }
  auto log = read_kernel_log(std::get<CoreFile>(core));
  if (const auto* why = std::get_if<std::string>(&log)) {
    log_info(places_.memory.string() + ": " + *why);
    co_return false;
  }
  memory_log_ = std::move(std::get<KernelLog>(log).lines);
  co_return true;
}

// The console is a file, which has no input: QEMU is told to go on with the same file and a fifo to read
// from. A BREAK makes the next character a SysRq key. Only where QEMU's monitor can be reached, and only
// where the console is written by QEMU itself.
Task<bool> LibvirtMachine::send_sysrq() {
  if (places_.pid_file.empty()) co_return false;
  std::filesystem::path fifo = places_.console;
  fifo.replace_extension(".in");
  if (!keys_) {
    ::unlink(fifo.c_str());
    if (::mkfifo(fifo.c_str(), 0600) != 0) throw_file_error("make", fifo, errno);
    keys_ = open_file(fifo, O_RDWR | O_NONBLOCK);
    auto joining = connection_.monitor(places_.name, join_input_command(fifo, places_.console));
    co_await std::move(joining);
  }
  for (char key : k_sysrq_keys) {
    auto breaking = connection_.monitor(places_.name, k_break_command);
    co_await std::move(breaking);
    write_all(keys_.get(), std::string_view(&key, 1), fifo);
    // The guest has to take BREAK and key together before the next BREAK comes.
    auto pause = clock_.until(clock_.now() + k_key_pause);
    co_await std::move(pause);
  }
  co_return true;
}

Task<void> LibvirtMachine::power_off() {
  if (exit_) co_return;
  we_destroyed_ = true;
  // libvirt's answer may come long after QEMU's end: whichever says first that it is over.
  Task<void> destroying = connection_.destroy(places_.name);
  Task<void> ending = over_.wait();
  co_await race(std::move(ending), std::move(destroying));
  Task<void> end = over_.wait();
  Task<void> deadline = clock_.until(clock_.now() + k_power_off_limit);
  co_await race(std::move(end), std::move(deadline));
  if (!exit_) throw InfraError(connection_.uri() + ": domain " + places_.name + " does not go off");
}

}  // namespace kverdict
