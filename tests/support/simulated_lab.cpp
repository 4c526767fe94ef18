#include "tests/support/simulated_lab.hpp"

#include <deque>

#include "runners/error.hpp"
#include "workloads/marker.hpp"

namespace kverdict {
namespace {

constexpr const char* k_banner = "[    0.000000] Linux version 6.1.0-kverdict (build@kverdict) #1 SMP\r\n";

constexpr const char* k_hunted_oops =
    "[    2.000001] BUG: kernel NULL pointer dereference, address: 0000000000000010\r\n"
    "[    2.000002] #PF: supervisor read access in kernel mode\r\n"
    "[    2.000003] #PF: error_code(0x0000) - not-present page\r\n"
    "[    2.000004] Oops: 0000 [#1] PREEMPT\r\n"
    "[    2.000005] CPU: 0 PID: 77 Comm: iperf3 Not tainted 6.1.0-kverdict #1\r\n"
    "[    2.000006] RIP: 0010:e1000_clean_rx_irq+0x101/0x4c0\r\n"
    "[    2.000007] Call Trace:\r\n"
    "[    2.000008]  <IRQ>\r\n"
    "[    2.000009]  e1000_clean+0x279/0x9c0\r\n"
    "[    2.000010]  net_rx_action+0x10c/0x2a0\r\n"
    "[    2.000011]  </IRQ>\r\n"
    "[    2.000012] ---[ end trace 0000000000000000 ]---\r\n"
    "[    2.000013] Kernel panic - not syncing: Fatal exception in interrupt\r\n"
    "[    2.000014] Kernel Offset: disabled\r\n";

constexpr const char* k_other_oops =
    "[    2.000001] general protection fault, probably for non-canonical address 0xdead000000000100: 0000 "
    "[#1] PREEMPT\r\n"
    "[    2.000005] CPU: 0 PID: 12 Comm: kworker/0:1 Not tainted 6.1.0-kverdict #1\r\n"
    "[    2.000006] RIP: 0010:ext4_evict_inode+0x55/0x700\r\n"
    "[    2.000007] Call Trace:\r\n"
    "[    2.000009]  evict+0xd1/0x1a0\r\n"
    "[    2.000010]  do_unlinkat+0x1a4/0x320\r\n"
    "[    2.000012] ---[ end trace 0000000000000000 ]---\r\n"
    "[    2.000013] Kernel panic - not syncing: Fatal exception\r\n"
    "[    2.000014] Kernel Offset: disabled\r\n";

constexpr const char* k_nmi_panic =
    "[   40.000001] Uhhuh. NMI received for unknown reason 21 on CPU 0.\r\n"
    "[   40.000002] Kernel panic - not syncing: NMI: Not continuing\r\n"
    "[   40.000003] CPU: 0 PID: 77 Comm: iperf3 Not tainted 6.1.0-kverdict #1\r\n"
    "[   40.000004] Call Trace:\r\n"
    "[   40.000005]  <NMI>\r\n"
    "[   40.000006]  dump_stack_lvl+0x44/0x5c\r\n"
    "[   40.000007]  </NMI>\r\n"
    "[   40.000008]  stuck_here+0x10/0x20\r\n"
    "[   40.000009] Kernel Offset: disabled\r\n";

struct Step {
  Millis after;
  std::string bytes;
};

std::string word(const std::string& name, std::map<std::string, std::string> fields = {}) {
  return "[    1.000000] " + encode(Marker{name, std::move(fields)}) + "\r\n";
}

class Script {
 public:
  std::deque<Step> steps;
  bool off_at_end = false;  // else silent
  GuestExit::Cause cause = GuestExit::Cause::powered_off;

  void say(Millis after, std::string bytes) { steps.push_back({after, std::move(bytes)}); }
  void come_up(const std::string& token, const std::string& build_id) {
    say(Millis(300), k_banner);
    say(Millis(700),
        word("hello", {{"token", token}, {"build_id", build_id}, {"release", "6.1.0-kverdict"}}));
    say(Millis(200), word("ready") + word("start", {{"step", "iperf"}}));
  }
  void end_step(const std::string& exit) {
    say(Millis(5000), word("end", {{"step", "iperf"}, {"exit", exit}}) + word("done"));
    off_at_end = true;
  }
  void die(const char* text) {
    say(Millis(1500), text);
    off_at_end = true;
  }
};

Script script_of(Behaviour behaviour, const std::string& token, const std::string& build_id) {
  Script script;
  if (behaviour == Behaviour::mute) return script;
  script.come_up(token, behaviour == Behaviour::wrong_kernel ? "ffffffff" : build_id);
  switch (behaviour) {
    case Behaviour::passes:
      script.end_step("0");
      break;
    case Behaviour::fails:
      script.end_step("1");
      break;
    case Behaviour::cannot_tell:
      script.end_step("125");
      break;
    case Behaviour::crashes:
      script.die(k_hunted_oops);
      break;
    case Behaviour::crashes_other:
      script.die(k_other_oops);
      break;
    case Behaviour::resets:
      script.say(Millis(900), k_banner);
      break;
    case Behaviour::vanishes:
      script.off_at_end = true;
      script.cause = GuestExit::Cause::lost;
      break;
    case Behaviour::hangs:
    case Behaviour::mute:
    case Behaviour::wrong_kernel:
    case Behaviour::breaks_lab:
    case Behaviour::does_not_build:
    case Behaviour::breaks_build:
      break;
  }
  return script;
}

class SimulatedMachine : public Machine {
 public:
  SimulatedMachine(Clock& clock, Script script, unsigned& up)
      : clock_(clock), script_(std::move(script)), last_(clock.now()), up_(up) {}
  ~SimulatedMachine() override { --up_; }

  Task<ConsoleEvent> next() override {
    if (!script_.steps.empty()) {
      const auto due = last_ + script_.steps.front().after;
      auto waiting = clock_.until(due);
      co_await std::move(waiting);
      last_ = due;
      ConsoleChunk chunk{ConsoleSource::serial, script_.steps.front().bytes};
      script_.steps.pop_front();
      co_return ConsoleEvent(std::move(chunk));
    }
    if (!script_.off_at_end) {
      auto forever = clock_.until(clock_.now() + std::chrono::hours(10'000));
      co_await std::move(forever);
    }
    GuestExit exit{script_.cause, "simulated"};
    co_return ConsoleEvent(std::move(exit));
  }
  Task<bool> provoke(Provocation how) override {
    if (how == Provocation::nmi) {
      last_ = clock_.now();
      script_.die(k_nmi_panic);
    }
    co_return how == Provocation::nmi;
  }
  Task<void> power_off() override {
    script_.steps.clear();
    script_.off_at_end = true;
    script_.cause = GuestExit::Cause::destroyed;
    co_return;
  }

 private:
  Clock& clock_;
  Script script_;
  TimePoint last_;
  unsigned& up_;
};

}  // namespace

Task<ImageResult> SimulatedImages::image_for(CandidateId id) {
  const auto behaviour = kernels_.behaviour(id, asked_[id]);
  const auto start = clock_.now();
  try {
    auto working = clock_.until(start + kernels_.build_time);
    co_await std::move(working);
  } catch (...) {
    cancelled.push_back(id);
    throw;
  }
  ++asked_[id];
  if (behaviour == Behaviour::breaks_build) throw InfraError("no space left on /simulated");
  built.push_back(id);
  const auto took = std::chrono::duration_cast<Millis>(clock_.now() - start);
  if (behaviour == Behaviour::does_not_build) {
    BuildFailure failure{"net/core/dev.c:17: error: expected ';'", "make: *** [net] Error 2\n", took};
    co_return ImageResult(std::move(failure));
  }
  BuiltImage image;
  image.image.kernel = "/simulated/" + id.value;
  image.image.build_id = "b1d0" + id.value;
  image.code_digest = kernels_.code(id);
  image.took = took;
  co_return ImageResult(std::move(image));
}

Task<std::unique_ptr<Machine>> SimulatedRunner::boot(BootSpec spec) {
  const CandidateId id{spec.image.kernel.filename().string()};
  booted.push_back(id);
  auto behaviour = kernels_.behaviour(id, asked_[id]++);
  if (behaviour == Behaviour::breaks_build)
    behaviour = kernels_.behaviour(id, asked_[id]++);  // that was then
  if (behaviour == Behaviour::breaks_lab) throw InfraError("simulated lab: cannot start a domain");
  // The token is in the job, which a simulated machine "reads" from the initramfs' name.
  auto script = script_of(behaviour, spec.initramfs.string(), spec.image.build_id);
  most_up = std::max(most_up, ++up);
  co_return std::make_unique<SimulatedMachine>(clock_, std::move(script), up);
}

Task<unsigned> SimulatedRunner::sweep() {
  co_return 0;
}

Range linear_range(unsigned n) {
  History::Builder builder;
  for (unsigned i = 0; i < n; ++i)
    builder.add({"c" + std::to_string(i)}, {{i + 1 < n ? "c" + std::to_string(i + 1) : "good"}});
  Range range;
  range.history = std::move(builder).build();
  range.bad = {"c0"};
  range.goods = {{"good"}};
  return range;
}

}  // namespace kverdict
