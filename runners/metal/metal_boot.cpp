// From whatever state the host is in to a kernel that was fetched: the story tells what, here it is done.
#include <algorithm>

#include "runners/host/log.hpp"
#include "runners/host/race.hpp"
#include "runners/metal/metal_core.hpp"

namespace kverdict {

namespace fs = std::filesystem;

namespace {

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
std::string metal_cmdline(const HostSpec& host, const BootSpec& spec, std::uint16_t netconsole_port) {
  std::string line = spec.cmdline + " console=" + host.tty;
  if (!host.cmdline.empty()) line += " " + host.cmdline;
  if (host.delivery == Delivery::network)
    line += " kv.server=@server@ kv.net=${netX/mac},${netX/ip},${netX/netmask},${netX/gateway}";
  if (netconsole_port != 0)
    line += " netconsole=+@${netX/ip}/" + host.nic + "," + std::to_string(netconsole_port) + "@@server@/" +
            host.netconsole_mac;
  return line + " panic=0";
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

// A port of the boot's own: what comes there is this host's.
void MetalMachine::Core::listen() {
  const bool wanted = spec_.netconsole != NetconsoleUse::off && ground_.host.netconsole &&
                      ground_.host.delivery == Delivery::network;
  if (!wanted || listener_) return;
  UdpPlace place;
  place.address = "0.0.0.0";
  listener_ = std::make_unique<NetconsoleListener>(executor_, place);
  kernel_log_ = listener_->listen("");
  spawn([](std::shared_ptr<Core> self) -> Task<void> {
    auto pumping = self->pump_netconsole();
    co_await std::move(pumping);
  });
  kernel_log_cancel_ = &coroutines_.back();
}

Task<void> MetalMachine::Core::pump_netconsole() {
  for (;;) {
    auto waiting = kernel_log_->wait();
    co_await std::move(waiting);
    take_netconsole();
  }
}

void MetalMachine::Core::take_netconsole() {
  ConsoleChunk chunk;
  chunk.source = ConsoleSource::netconsole;
  chunk.bytes = kernel_log_->take();
  if (chunk.bytes.empty() || exit_) return;
  was_heard(chunk.bytes.size());
  push(std::move(chunk));
}

void MetalMachine::Core::was_heard(std::size_t bytes) {
  last_heard_ = clock_.now();
  heard_ += bytes;
  doubt_.reset();
}

Task<void> MetalMachine::Core::deliver() {
  listen();
  const auto cmdline = metal_cmdline(ground_.host, spec_, listener_ ? listener_->port() : 0);
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

}  // namespace kverdict
