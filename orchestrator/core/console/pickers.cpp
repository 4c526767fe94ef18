#include <array>

#include "orchestrator/core/console/families.hpp"
#include "orchestrator/core/console/pattern.hpp"
#include "orchestrator/core/console/title.hpp"

namespace kverdict {
namespace {

// Dispatchers: what they call is what a stalled task was asked to do.
constexpr std::string_view k_anchors =
    "do_syscall_* __do_syscall* do_fast_syscall_* __do_fast_syscall* do_int80_* sysenter_dispatch* "
    "entry_SYSCALL* entry_SYSENTER* entry_INT80* entry_*_compat* system_call_fastpath* tracesys* "
    "syscall_exit_* ia32_sys_call x64_sys_call el0_svc* invoke_syscall* __invoke_syscall* ret_fast_syscall* "
    "sys_call_* system_call_exception* exit_to_user* *do_softirq* call_softirq* run_ksoftirqd* irq_exit* "
    "run_timer_softirq* __run_timers* call_timer_fn* expire_timers* *hrtimer_run_* tasklet_action* "
    "tasklet_hi_action* process_one_work* worker_thread* kthread ret_from_fork* smpboot_thread_fn* "
    "cpu_startup_entry* start_secondary* start_kernel* x86_64_start* rest_init* do_idle* cpu_idle* "
    "secondary_start* *netif_receive_skb* __netif_receive* process_backlog* napi_poll* __napi_poll* "
    "net_rx_action* "
    "vfs_read* vfs_write* __vfs_read* __vfs_write* new_sync_read* new_sync_write* do_iter_read* "
    "do_iter_write* call_read_iter* call_write_iter* do_iter_readv_writev* do_loop_readv* vfs_iter_* "
    "vfs_ioctl* do_vfs_ioctl* compat_SyS_ioctl* __do_compat_sys_ioctl* __se_compat_sys_ioctl* "
    "__compat_sys_ioctl* compat_sys_ioctl* __do_sys_ioctl* __se_sys_ioctl* ksys_ioctl* SyS_ioctl* "
    "SYSC_ioctl* __x64_sys_ioctl* __fput* ____fput* do_dentry_open* vfs_open* vfs_fsync* mmap_region* "
    "__mmap_region* call_mmap* sock_sendmsg* __sock_sendmsg* sock_recvmsg* sock_write_iter* sock_read_iter* "
    "sock_common_setsockopt* __sys_setsockopt* sock_ioctl* sock_do_ioctl* "
    "nfnetlink_rcv_msg* rtnetlink_rcv_msg* task_work_run* smp_call_function* call_usermodehelper*";

// By parts of names: what waits says so.
constexpr std::string_view k_waits =
    "*sched* *_lock* *_slowlock* down_* __down* *_down_* *rwsem* *completion* *kthread* *wait* *synchronize* "
    "context_switch* __switch_to* *cancel_delayed_work* *cancel_work* *rcu_barrier* lock_page* lock_buffer* "
    "*_freeze* *nanosleep* *_barrier usb_start_wait_urb* usb_*_msg yield*";

// Hangs of everybody who needs these are one hang, wherever in the trace they stand.
constexpr std::string_view k_bottlenecks =
    "rtnl_lock synchronize_rcu* synchronize_srcu* __synchronize_srcu* synchronize_net* synchronize_sched*";

// The tick that found the stall.
constexpr std::string_view k_tick =
    "tick_* update_process_times* hrtimer_* watchdog_timer_fn* perf_swevent_hrtimer*";

// A task that is switched out does not spin.
constexpr std::string_view k_not_running = "__schedule context_switch schedule __switch_to";

// Traces of those who found the stall, or wait for its end.
constexpr std::string_view k_detectors =
    "rcu_gp_kthread* rcu_gp_fqs* synchronize_rcu* synchronize_sched* rcu_exp_wait* rcu_exp_gp* wait_rcu_exp* "
    "watchdog* kernel_init*";

struct Alias {
  std::string_view glob;
  std::string_view name;
};

// Flavours of one thing that change with version and configuration.
constexpr Alias k_aliases[] = {
    {"__synchronize_srcu*", "synchronize_rcu"},    {"synchronize_srcu*", "synchronize_rcu"},
    {"synchronize_rcu*", "synchronize_rcu"},       {"synchronize_sched*", "synchronize_rcu"},
    {"synchronize_net*", "synchronize_rcu"},       {"smp_call_function*", "smp_call_function"},
    {"generic_exec_single*", "smp_call_function"}, {"csd_lock_wait*", "smp_call_function"},
};

std::string_view after(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && name.starts_with(prefix) ? name.substr(prefix.size())
                                                                 : std::string_view{};
}

GlobSet set_of(std::string_view globs) {
  GlobSet set;
  set.add(globs);
  return set;
}

const GlobSet k_anchor_set = set_of(k_anchors);
const GlobSet k_wait_set = set_of(k_waits);
const GlobSet k_detector_set = set_of(k_detectors);

}  // namespace

std::string_view pick_stalled(const std::vector<NamedFrame>& frames) {
  if (frames.empty() || fits_any(k_not_running, plain_function(frames.front().function))) return {};
  std::string_view last;  // worth naming
  for (const auto& frame : frames) {
    const auto name = plain_function(frame.function);
    if (k_detector_set.holds(name)) return {};
    if (k_anchor_set.holds(name)) {
      if (name.starts_with("smp_call_function")) return frame.function;
      if (last.empty()) return frames.front().function;
      if (!fits_any(k_tick, plain_function(last))) return last;
      continue;
    }
    if (!is_glue(name)) last = frame.function;
  }
  return {};
}

std::string_view pick_hung(const std::vector<NamedFrame>& frames) {
  for (const auto& frame : frames)
    if (fits_any(k_bottlenecks, plain_function(frame.function))) return frame.function;
  for (const auto& frame : frames) {
    const auto name = plain_function(frame.function);
    if (!k_wait_set.holds(name) && !is_glue(name)) return frame.function;
  }
  return {};
}

std::vector<std::string> names_of(std::string_view function, Flavours flavours) {
  const auto plain = plain_function(function);
  const std::string whole(plain);
  for (const auto& alias : k_aliases)
    if (flavours == Flavours::joined && fits(alias.glob, plain))
      return alias.name == plain ? std::vector<std::string>{whole}
                                 : std::vector<std::string>{std::string(alias.name), whole};
  static constexpr std::array<std::string_view, 6> k_arches = {"__x64_",   "__ia32_",  "__arm64_",
                                                               "__riscv_", "__s390x_", "__powerpc_"};
  for (const auto arch : k_arches)
    if (const auto rest = after(plain, arch); rest.starts_with("sys_") || rest.starts_with("compat_sys_"))
      return {std::string(rest), whole};
  if (const auto rest = after(plain, "__se_"); rest.starts_with("sys_"))
    return {std::string(rest.substr(4)), whole, std::string(rest)};
  static constexpr std::array<std::string_view, 7> k_syscalls = {
      "compat_SyS_", "compat_sys_", "SYSC_", "SyS_", "__do_sys_", "ksys_", "sys_"};
  for (const auto prefix : k_syscalls)
    if (const auto rest = after(plain, prefix); !rest.empty()) return {std::string(rest), whole};
  return {whole};
}

}  // namespace kverdict
