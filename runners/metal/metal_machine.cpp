#include "runners/metal/metal_machine.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <exception>
#include <list>
#include <optional>
#include <utility>

#include "runners/host/files.hpp"
#include "runners/host/log.hpp"
#include "runners/host/race.hpp"
#include "runners/host/signal.hpp"
#include "runners/metal/console_link.hpp"

namespace kverdict {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr Millis k_drain{300};  // quiet that says: the console has told all
constexpr Millis k_longest_drain{5'000};
constexpr Millis k_key_pause{300};
constexpr std::string_view k_sysrq_keys = "ltw";  // CPUs, tasks, blocked tasks
constexpr std::uint64_t k_console_limit = 256ull << 20;
constexpr std::size_t k_quoted = 160;

// The end of what a screen or console showed, for a message.
std::string last_words_of(std::string_view text) {
  std::string words;
  for (const unsigned char c : text.substr(text.size() - std::min(text.size(), 4 * k_quoted))) {
    const bool space = c <= 0x20 || c >= 0x7f;
    if (!space) words += static_cast<char>(c);
    if (space && !words.empty() && words.back() != ' ') words += ' ';
  }
  return words.substr(words.size() - std::min(words.size(), k_quoted));
}

}  // namespace

// panic=0 stands last: a host that resets itself at once takes its evidence along.
std::string metal_cmdline(const HostSpec& host, const BootSpec& spec) {
  std::string line = spec.cmdline + " console=" + host.tty;
  if (!host.cmdline.empty()) line += " " + host.cmdline;
  if (host.delivery == Delivery::network)
    line += " kv.server=@server@ kv.net=${netX/mac},${netX/ip},${netX/netmask},${netX/gateway}";
  return line + " panic=0";
}

class MetalMachine::Core : public std::enable_shared_from_this<MetalMachine::Core> {
 public:
  Core(asio::any_io_executor executor, Clock& clock, BootSpec spec, MetalGround ground);

  Task<void> start();
  Task<ConsoleEvent> next();
  Task<bool> provoke(Provocation how);
  Task<void> power_off();
  void abandon() noexcept;  // the blunt end

 private:
  Task<void> bring_up();
  Task<void> give_up();
  Task<void> step(BootStory& story);
  Task<void> connect();
  Task<void> deliver();
  Task<void> wait(BootStory& story);
  Task<void> prove_silence();
  Task<bool> send_sysrq();
  Task<void> drain();
  Task<void> end(GuestExit exit);
  Task<void> pump();
  Task<void> end_after_reset();
  void on_news(BootNews news);
  void push(ConsoleEvent event);
  void note_failure(const std::string& what);
  void let_go();
  template <class T>
  Task<T> remembered(Task<T> task);
  template <class F>
  void spawn(F run);

  asio::any_io_executor executor_;
  Clock& clock_;
  BootSpec spec_;
  MetalGround ground_;
  MetalHost host_;
  ConsoleLink link_;
  AppendFile log_;
  std::unique_ptr<BootServer::Placed> order_;
  std::list<asio::cancellation_signal> coroutines_;

  std::deque<ConsoleEvent> events_;
  Signal news_;      // events_, failure_
  Signal progress_;  // of the fetch
  Signal over_;
  std::exception_ptr failure_;  // of what runs in the background; for next()
  std::string tail_;            // of the console
  std::uint64_t heard_ = 0;
  TimePoint last_heard_;
  bool powered_ = false;  // as far as we did it
  bool loaded_ = false;
  bool ending_ = false;
  bool failed_ = false;
  std::optional<GuestExit> exit_;
  std::optional<std::string> doubt_;  // why the host's silence may be the lab's
};

MetalMachine::Core::Core(asio::any_io_executor executor, Clock& clock, BootSpec spec, MetalGround ground)
    : executor_(executor),
      clock_(clock),
      spec_(std::move(spec)),
      ground_(std::move(ground)),
      host_(clock, ground_.host, fs::absolute(spec_.directory)),
      link_(executor, clock, host_.console_place()),
      log_(AppendFile::open(spec_.directory / "serial.log")),
      news_(executor),
      progress_(executor),
      over_(executor),
      last_heard_(clock.now()) {}

template <class F>
void MetalMachine::Core::spawn(F run) {
  auto& cancel = coroutines_.emplace_back();
  asio::co_spawn(executor_, run(shared_from_this()),
                 asio::bind_cancellation_slot(cancel.slot(), asio::detached));
}

void MetalMachine::Core::push(ConsoleEvent event) {
  events_.push_back(std::move(event));
  news_.raise();
}

// Counted against the host once a boot; the error itself goes its way.
void MetalMachine::Core::note_failure(const std::string& what) {
  if (std::exchange(failed_, true)) return;
  if (ground_.record.failed(what, ground_.host.limits.failures))
    log_error(ground_.host.name + " is drained: " + what);
}

template <class T>
Task<T> MetalMachine::Core::remembered(Task<T> task) {
  try {
    co_return co_await std::move(task);
  } catch (const InfraError& error) {  // remembered with the host, not swallowed
    note_failure(error.what());
    throw;
  }
}

void MetalMachine::Core::let_go() {
  ground_.lease.reset();
  if (auto released = std::exchange(ground_.released, nullptr)) released();
}

Task<void> MetalMachine::Core::start() {
  std::exception_ptr failure;
  try {
    auto booting = remembered(bring_up());
    co_await std::move(booting);
  } catch (const InfraError&) {  // thrown on once the host is off
    failure = std::current_exception();
  }
  if (!failure) co_return;
  auto switching = give_up();
  co_await std::move(switching);
  std::rethrow_exception(failure);
}

// One attempt only: what does not work now is left to the next boot, or to a sweep. The destructor has
// nothing left to block for.
Task<void> MetalMachine::Core::give_up() {
  if (!std::exchange(powered_, false)) co_return;
  try {
    auto switching = host_.off_once();
    const bool off = co_await std::move(switching);
    if (off) ground_.record.mark_off();
  } catch (const InfraError& error) {  // the failure that led here is the one that is told
    log_warning(error.what());
  }
}

Task<void> MetalMachine::Core::bring_up() {
  auto learning = host_.learn();
  co_await std::move(learning);
  BootStory story(ground_.host.delivery, ground_.host.limits, clock_.now());
  while (story.need() != BootStory::Need::done) {
    if (story.need() == BootStory::Need::failed) {
      auto repairing = host_.repair();
      co_await std::move(repairing);
      throw InfraError(ground_.host.name + ": " + story.why() +
                       (heard_ == 0 ? "; its console said nothing"
                                    : "; its console's last words: " + last_words_of(tail_)));
    }
    auto doing = step(story);
    co_await std::move(doing);
  }
}

Task<void> MetalMachine::Core::step(BootStory& story) {
  using Need = BootStory::Need;
  const Need need = story.need();
  switch (need) {
    case Need::ask_power: {
      auto asking = host_.power();
      const auto state = co_await std::move(asking);
      story.power_is(state, clock_.now());
      co_return;
    }
    case Need::switch_off:
    case Need::switch_on: {
      if (need == Need::switch_on) {
        ground_.record.mark_powered(spec_.label);
        powered_ = true;
        heard_ = 0;
      }
      auto switching = host_.switch_power(need == Need::switch_on ? PowerState::on : PowerState::off);
      co_await std::move(switching);
      break;
    }
    case Need::connect_console: {
      auto connecting = connect();
      co_await std::move(connecting);
      break;
    }
    case Need::deploy: {
      auto delivering = deliver();
      co_await std::move(delivering);
      break;
    }
    case Need::choose_network: {
      auto choosing = host_.choose_network();
      co_await std::move(choosing);
      break;
    }
    case Need::wait: {
      auto waiting = wait(story);
      co_await std::move(waiting);
      co_return;
    }
    case Need::done:
    case Need::failed:
      co_return;
  }
  story.did(need, clock_.now());
}

Task<void> MetalMachine::Core::connect() {
  link_.start();
  spawn([](std::shared_ptr<Core> self) -> Task<void> {
    auto pumping = self->pump();
    co_await std::move(pumping);
  });
  Task<void> connecting = link_.connected();
  Task<void> deadline = clock_.until(clock_.now() + ground_.host.limits.console);
  const auto first = co_await race(std::move(connecting), std::move(deadline));
  if (first.index() == 1)
    throw InfraError(ground_.host.name + ": " + ground_.host.console.filename().string() +
                     " console: not connected within " +
                     std::to_string(ground_.host.limits.console.count() / 1000) +
                     " s: " + link_.last_words());
}

Task<void> MetalMachine::Core::deliver() {
  const auto cmdline = metal_cmdline(ground_.host, spec_);
  if (ground_.host.delivery == Delivery::network) {
    BootOrder order;
    order.names = {ground_.host.name};
    if (!ground_.host.mac.empty()) order.names.push_back(ground_.host.mac);
    order.kernel = spec_.image.kernel;
    order.initramfs = spec_.initramfs;
    order.cmdline = cmdline;
    std::weak_ptr<Core> self = weak_from_this();
    order_ = ground_.server->place(std::move(order), [self](BootNews news) {
      if (auto core = self.lock()) core->on_news(news);
    });
    co_return;
  }
  Environment files;
  files["KV_KERNEL"] = fs::absolute(spec_.image.kernel).string();
  files["KV_INITRAMFS"] = fs::absolute(spec_.initramfs).string();
  files["KV_CMDLINE"] = cmdline;
  auto deploying = host_.deploy(std::move(files));
  co_await std::move(deploying);
  loaded_ = true;
}

Task<void> MetalMachine::Core::wait(BootStory& story) {
  Task<void> time = clock_.until(story.deadline());
  Task<void> fetch = progress_.wait();
  co_await race(std::move(fetch), std::move(time));
  progress_.lower();
  if (loaded_) story.fetched(clock_.now());
  story.on_time(clock_.now());
}

void MetalMachine::Core::on_news(BootNews news) {
  if (news == BootNews::loaded) loaded_ = true;
  if (news != BootNews::again || ending_ || exit_) return progress_.raise();
  ending_ = true;
  spawn([](std::shared_ptr<Core> self) -> Task<void> {
    try {
      auto ending = self->remembered(self->end_after_reset());
      co_await std::move(ending);
    } catch (const InfraError&) {  // for whoever asks next
      self->failure_ = std::current_exception();
      self->over_.raise();
      self->news_.raise();
    }
  });
}

// Its firmware runs again: the kernel is gone, and what it said last is on its way.
Task<void> MetalMachine::Core::end_after_reset() {
  auto collecting = host_.collect("reset");
  co_await std::move(collecting);
  auto switching = host_.off();
  co_await std::move(switching);
  GuestExit exit;
  exit.cause = GuestExit::Cause::powered_off;
  exit.detail = "the host was reset: its firmware asked for a kernel once more";
  auto finishing = end(std::move(exit));
  co_await std::move(finishing);
}

// Everything that the console says becomes events; the exit comes after the last byte.
Task<void> MetalMachine::Core::pump() {
  std::uint64_t delivered = 0;
  for (;;) {
    auto reading = link_.next();
    std::string bytes = co_await std::move(reading);
    if (bytes.empty()) break;
    log_.append(bytes, Durability::plain);
    last_heard_ = clock_.now();
    heard_ += bytes.size();
    doubt_.reset();
    tail_ = (tail_ + bytes).substr(std::max(tail_.size() + bytes.size(), 4 * k_quoted) - 4 * k_quoted);
    delivered += bytes.size();
    if (delivered > k_console_limit) continue;  // kept on disk; a host that floods is heard enough
    ConsoleChunk chunk;
    chunk.bytes = std::move(bytes);
    push(std::move(chunk));
  }
  if (exit_) push(*exit_);
}

Task<ConsoleEvent> MetalMachine::Core::next() {
  for (;;) {
    if (!events_.empty()) {
      ConsoleEvent event = events_.front();
      if (!std::holds_alternative<GuestExit>(event)) events_.pop_front();  // the exit stays the last
      co_return event;
    }
    if (failure_) std::rethrow_exception(failure_);
    auto waiting = news_.wait();
    co_await std::move(waiting);
    news_.lower();
  }
}

Task<bool> MetalMachine::Core::provoke(Provocation how) {
  if (exit_ || ending_) co_return false;
  auto proving = remembered(prove_silence());
  co_await std::move(proving);
  if (exit_ || ending_) co_return false;
  auto doing = remembered(how == Provocation::nmi ? host_.nmi() : send_sysrq());
  co_return co_await std::move(doing);
}

// A console that lost its connection says so within keep_alive: until then silence proves nothing.
Task<void> MetalMachine::Core::prove_silence() {
  auto asking = host_.power();
  const auto state = co_await std::move(asking);
  if (state != PowerState::on)
    throw InfraError(ground_.host.name + ": it fell silent, and its power is " + to_string(state) +
                     " though nobody switched it off");
  if (heard_ == 0) doubt_ = "its console said nothing since power-on";
  const auto sure = last_heard_ + ground_.host.limits.keep_alive;
  while (!doubt_ && clock_.now() < sure && last_heard_ + ground_.host.limits.keep_alive == sure) {
    auto waiting = clock_.until(sure);
    co_await std::move(waiting);
  }
  const auto up_since = link_.up_since();
  if (!doubt_ && (!up_since || *up_since > last_heard_))
    doubt_ = "its console was lost: " + link_.last_words();
}

Task<bool> MetalMachine::Core::send_sysrq() {
  if (host_.break_keys().empty()) co_return false;
  for (const char key : k_sysrq_keys) {
    if (!link_.type(host_.break_keys() + key)) co_return false;
    // The kernel has to take BREAK and key together before the next BREAK comes.
    auto pause = clock_.until(clock_.now() + k_key_pause);
    co_await std::move(pause);
  }
  co_return true;
}

Task<void> MetalMachine::Core::power_off() {
  if (exit_) co_return;
  if (ending_) {  // a reset is being dealt with
    auto waiting = over_.wait();
    co_await std::move(waiting);
    if (failure_) std::rethrow_exception(failure_);
    co_return;
  }
  ending_ = true;
  auto collecting = host_.collect("end");
  co_await std::move(collecting);
  auto switching = remembered(host_.off());
  co_await std::move(switching);
  const auto doubt = doubt_;
  GuestExit exit;
  exit.cause = GuestExit::Cause::destroyed;
  auto finishing = end(std::move(exit));
  co_await std::move(finishing);
  if (!doubt) co_return;
  note_failure(*doubt);
  throw InfraError(ground_.host.name + ": it was silent, but " + *doubt);
}

Task<void> MetalMachine::Core::drain() {
  const auto limit = clock_.now() + k_longest_drain;
  while (clock_.now() < std::min(last_heard_ + k_drain, limit)) {
    auto waiting = clock_.until(std::min(last_heard_ + k_drain, limit));
    co_await std::move(waiting);
  }
}

// Off, verified. The last bytes are on their way through BMC and hook.
Task<void> MetalMachine::Core::end(GuestExit exit) {
  powered_ = false;
  ground_.record.mark_off();
  order_.reset();
  last_heard_ = clock_.now();
  auto draining = drain();
  co_await std::move(draining);
  exit_ = std::move(exit);
  if (!failed_) ground_.record.succeeded();
  auto stopping = link_.stop();
  co_await std::move(stopping);
  let_go();
  over_.raise();
}

void MetalMachine::Core::abandon() noexcept {
  for (auto& cancel : coroutines_) cancel.emit(asio::cancellation_type::terminal);
  // The signals are still needed when the loop turns: co_spawn passes a cancellation on by a post.
  asio::post(executor_, [self = shared_from_this()] {});
  order_.reset();
  if (powered_ && host_.off_blocking()) {
    powered_ = false;
    ground_.record.mark_off();
  }
  let_go();
}

MetalMachine::MetalMachine(asio::any_io_executor executor, Clock& clock, BootSpec spec, MetalGround ground)
    : core_(std::make_shared<Core>(std::move(executor), clock, std::move(spec), std::move(ground))) {}

MetalMachine::~MetalMachine() {
  core_->abandon();
}

Task<void> MetalMachine::start() {
  return core_->start();
}

Task<ConsoleEvent> MetalMachine::next() {
  return core_->next();
}

Task<bool> MetalMachine::provoke(Provocation how) {
  return core_->provoke(how);
}

Task<void> MetalMachine::power_off() {
  return core_->power_off();
}

}  // namespace kverdict
