#include "runners/metal/metal_machine.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "runners/host/log.hpp"
#include "runners/metal/metal_core.hpp"

namespace kverdict {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr Millis k_drain{300};  // quiet that says: the console has told all
constexpr Millis k_longest_drain{5'000};
constexpr Millis k_key_pause{300};
constexpr std::string_view k_sysrq_keys = "ltwm";  // CPUs, tasks, blocked tasks, memory
constexpr std::uint64_t k_console_limit = 256ull << 20;
constexpr std::size_t k_quoted = 160;

}  // namespace

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

void MetalMachine::Core::let_go() {
  ground_.lease.reset();
  if (auto released = std::exchange(ground_.released, nullptr)) released();
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
    was_heard(bytes.size());
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
  // Its memory is out of reach.
  if (exit_ || ending_ || how == Provocation::memory) co_return false;
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
  if (kernel_log_) {
    take_netconsole();
    exit.netconsole = kernel_log_->counts();
    kernel_log_cancel_->emit(asio::cancellation_type::terminal);
  }
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
    : name_(ground.host.name),
      core_(std::make_shared<Core>(std::move(executor), clock, std::move(spec), std::move(ground))) {}

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
