#include "orchestrator/core/console/rules.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "orchestrator/core/console/pattern.hpp"

namespace kverdict {
namespace {

using enum FramePlan;
constexpr auto k_none = FramePlan::none;
constexpr auto k_whole = Wholeness::header;
constexpr auto k_torn = Wholeness::torn;
constexpr auto k_traced = Wholeness::trace;
constexpr auto k_minor = Gravity::complaint;

// Order within a cue is order of preference: the first row whose header and body fit names the report.
constexpr Rule k_rules[] = {
    // Sanitizers.
    {"BUG:", "BUG: KASAN: double-free or invalid-free in {o}", "", "KASAN: invalid-free in {F}",
     "invalid-free in {F}", "kasan", "KASAN-INVALID-FREE"},
    {"BUG:", "BUG: KASAN: double-free in {o}", "", "KASAN: invalid-free in {F}", "invalid-free in {F}",
     "kasan", "KASAN-INVALID-FREE"},
    {"BUG:", "BUG: KASAN: invalid-free in {o}", "", "KASAN: invalid-free in {F}", "invalid-free in {F}",
     "kasan", "KASAN-INVALID-FREE"},
    {"BUG:", "BUG: KASAN: {w} on address", "Read of size", "KASAN: {1} Read", "", "kasan", "KASAN-{1}-READ",
     k_none, k_torn},
    {"BUG:", "BUG: KASAN: {w} on address", "Write of size", "KASAN: {1} Write", "", "kasan",
     "KASAN-{1}-WRITE", k_none, k_torn},
    {"BUG:", "BUG: KASAN: {w} in {o}", "Read of size", "KASAN: {1} Read in {F}", "bad-access in {F}", "kasan",
     "KASAN-{1}-READ"},
    {"BUG:", "BUG: KASAN: {w} in {o}", "Read at addr", "KASAN: {1} Read in {F}", "bad-access in {F}", "kasan",
     "KASAN-{1}-READ"},
    {"BUG:", "BUG: KASAN: {w} in {o}", "Write of size", "KASAN: {1} Write in {F}", "bad-access in {F}",
     "kasan", "KASAN-{1}-WRITE"},
    {"BUG:", "BUG: KASAN: {w} in {o}", "Write at addr", "KASAN: {1} Write in {F}", "bad-access in {F}",
     "kasan", "KASAN-{1}-WRITE"},
    {"BUG:", "BUG: KASAN: {}", "", "KASAN: {1}", "", "kasan", "KASAN-READ", k_none, k_torn},
    {"BUG:", "BUG: KMSAN: kernel-usb-infoleak in {o}", "", "KMSAN: kernel-usb-infoleak in {F}",
     "KMSAN origin in {O}", "kmsan", "KMSAN-INFO-LEAK"},
    {"BUG:", "BUG: KMSAN: {w} in {o}", "", "KMSAN: {1} in {F}", "bad-access in {F}", "kmsan", "KMSAN-{1}"},
    {"BUG:", "BUG: KMSAN: {}", "", "KMSAN: {1}", "", "kmsan", "KMSAN-UNKNOWN", k_none, k_torn},
    {"BUG:", "BUG: KCSAN: data-race in {f} / {f}", "", "KCSAN: data-race in {1} / {2}", "", "kcsan",
     "KCSAN-DATARACE", k_none, k_whole},
    {"BUG:", "BUG: KCSAN: data-race in {f}", "", "KCSAN: data-race in {1}", "", "kcsan", "KCSAN-DATARACE",
     k_none, k_whole},
    {"BUG:", "BUG: KCSAN: assert: race in {f}", "", "KCSAN: assert: race in {1}", "", "kcsan", "KCSAN-ASSERT",
     k_none, k_whole},
    {"BUG:", "BUG: KCSAN: {}", "", "KCSAN: {1}", "", "kcsan", "KCSAN-UNKNOWN", k_none, k_whole},
    {"BUG:", "BUG: KFENCE: memory corruption in {o}", "", "KFENCE: memory corruption in {F}", "", "kfence",
     "KFENCE-MEMORY-CORRUPTION"},
    {"BUG:", "BUG: KFENCE: invalid free in {o}", "", "KFENCE: invalid free in {F}", "invalid-free in {F}",
     "kfence", "KFENCE-INVALID-FREE"},
    {"BUG:", "BUG: KFENCE: invalid {w} in {o}", "", "KFENCE: invalid {1} in {F}", "bad-access in {F}",
     "kfence", "KFENCE-{1}"},
    {"BUG:", "BUG: KFENCE: {w} {w} in {o}", "", "KFENCE: {1} {2} in {F}", "bad-access in {F}", "kfence",
     "KFENCE-{1}-{2}"},
    {"BUG:", "BUG: KFENCE: {}", "", "KFENCE: {1}", "", "kfence", "KFENCE-UNKNOWN", k_none, k_torn},
    {"UBSAN:", "UBSAN: Undefined behaviour in", "", "UBSAN: undefined-behaviour in {F}", "", "ubsan",
     "UBSAN"},
    {"UBSAN:", "UBSAN: {w} in ", "", "UBSAN: {1} in {F}", "", "ubsan", "UBSAN"},
    {"UBSAN:", "^UBSAN: {}", "", "UBSAN: {1}", "", "ubsan", "UBSAN", k_none, k_torn},

    // Bad memory accesses.
    {"BUG:", "BUG: unable to handle kernel paging request", "",
     "BUG: unable to handle kernel paging request in {F}", "bad-access in {F}", "page_fault",
     "MEMORY_SAFETY_BUG", pointer},
    {"BUG:", "BUG: unable to handle page fault for address", "",
     "BUG: unable to handle kernel paging request in {F}", "bad-access in {F}", "page_fault",
     "MEMORY_SAFETY_BUG", pointer},
    {"BUG:", "BUG: Unable to handle kernel data access", "",
     "BUG: unable to handle kernel paging request in {F}", "bad-access in {F}", "page_fault",
     "MEMORY_SAFETY_BUG", pointer},
    {"BUG:", "BUG: Unable to handle kernel instruction fetch", "",
     "BUG: unable to handle kernel paging request in {F}", "bad-access in {F}", "page_fault",
     "MEMORY_SAFETY_BUG", pointer},
    {"BUG:", "BUG: Unable to handle kernel unaligned", "",
     "BUG: unable to handle kernel paging request in {F}", "bad-access in {F}", "page_fault",
     "MEMORY_SAFETY_BUG", pointer},
    {"BUG:", "BUG: unable to handle kernel NULL pointer dereference", "",
     "BUG: unable to handle kernel NULL pointer dereference in {F}", "bad-access in {F}", "null_deref",
     "NULL-POINTER-DEREFERENCE", pointer},
    {"BUG:", "BUG: Kernel NULL pointer dereference", "",
     "BUG: unable to handle kernel NULL pointer dereference in {F}", "bad-access in {F}", "null_deref",
     "NULL-POINTER-DEREFERENCE", pointer},
    {"BUG:", "BUG: kernel NULL pointer dereference", "",
     "BUG: unable to handle kernel NULL pointer dereference in {F}", "bad-access in {F}", "null_deref",
     "NULL-POINTER-DEREFERENCE", pointer},
    {"BUG:", "BUG: unable to handle kernel", "", "BUG: unable to handle kernel", "", "page_fault", "UNKNOWN",
     k_none, k_torn},
    {"Unable to handle kernel", "Unable to handle kernel paging request", "",
     "BUG: unable to handle kernel paging request in {F}", "bad-access in {F}", "page_fault",
     "MEMORY_SAFETY_BUG", pointer},
    {"Unable to handle kernel", "Unable to handle kernel NULL pointer dereference", "",
     "BUG: unable to handle kernel NULL pointer dereference in {F}", "bad-access in {F}", "null_deref",
     "NULL-POINTER-DEREFERENCE", pointer},
    {"Unable to handle kernel", "Unable to handle kernel access to user memory", "",
     "BUG: unable to handle kernel access to user memory in {F}", "bad-access in {F}", "page_fault",
     "MEMORY_SAFETY_BUG", pointer},
    {"Unable to handle kernel", "Unable to handle kernel pointer dereference", "",
     "BUG: unable to handle kernel paging request in {F}", "bad-access in {F}", "page_fault",
     "MEMORY_SAFETY_BUG", pointer},
    {"Unable to handle kernel", "Unable to handle kernel ", "",
     "BUG: unable to handle kernel paging request in {F}", "bad-access in {F}", "page_fault",
     "MEMORY_SAFETY_BUG", pointer},
    {"general protection fault", "^general protection fault", "", "general protection fault in {F}",
     "bad-access in {F}", "gpf", "DoS", pointer},
    {"stack segment", "^stack segment: ", "", "stack segment fault in {F}", "bad-access in {F}", "gpf", "DoS",
     pointer},
    {"stack segment", "^stack segment fault", "", "stack segment fault in {F}", "bad-access in {F}", "gpf",
     "DoS", pointer},
    {"fault:", "general protection fault: ", "", "general protection fault in {F}", "bad-access in {F}",
     "gpf", "DoS", pointer},
    {"fault:", "^Unhandled fault: ", "", "Unhandled fault in {F}", "bad-access in {F}", "page_fault", "DoS",
     pointer},
    {"Unhandled", "^Unhandled prefetch abort", "", "Unhandled prefetch abort in {F}", "bad-access in {F}",
     "page_fault", "DoS", pointer},
    {"error:", "^Internal error: ", "", "Internal error in {F}", "bad-access in {F}", "page_fault", "DoS",
     pointer},
    {"trap:", "^Alignment trap:", "", "Alignment trap in {F}", "", "page_fault", "DoS", pointer},
    {"Bad mode in", "^Bad mode in", "", "Internal error in {F}", "bad-access in {F}", "page_fault", "DoS",
     pointer},

    // Traps.
    {"error:", "^divide error: ", "", "divide error in {F}", "", "trap", "DoS", pointer},
    {"divide_error", "^divide_error: ", "", "divide error in {F}", "", "trap", "DoS", pointer},
    {"opcode:", "^invalid opcode: ", "", "invalid opcode in {F}", "", "trap", "DoS", pointer},
    {"int3:", "^int3: ", "", "int3 in {F}", "", "trap", "DoS", pointer},
    {"PANIC:", "PANIC: double fault", "", "PANIC: double fault in {F}", "", "double_fault", "DoS", pointer},
    {"double fault", "^double fault: ", "", "PANIC: double fault in {F}", "", "double_fault", "DoS", pointer},

    // Stacks.
    {"BUG:", "BUG: *stack guard page was hit", "", "BUG: stack guard page was hit in {F}",
     "stack-overflow in {F}", "stack_overflow", "UNKNOWN", stall},
    {"Insufficient stack space", "^Insufficient stack space to handle exception", "",
     "kernel stack overflow in {F}", "stack-overflow in {F}", "stack_overflow", "DoS", stall},
    {"Kernel panic", "Kernel panic - not syncing: kernel stack overflow", "", "kernel stack overflow in {F}",
     "stack-overflow in {F}", "stack_overflow", "DoS", stall},
    {"Kernel panic", "Kernel panic - not syncing: corrupted stack end", "",
     "kernel panic: corrupted stack end in {F}", "stack-overflow in {F}", "stack_overflow", "DoS", stall},
    {"Kernel panic", "Kernel panic - not syncing: stack-protector:*Kernel stack is corrupted in: {o}", "",
     "kernel panic: stack is corrupted in {F}", "", "panic", "DoS", header, k_traced,
     "__stack_chk_fail* warn_bogus*"},
    {"WARNING:", "WARNING: kernel stack regs at * has bad ", "", "WARNING: kernel stack regs has bad value",
     "", "warning", "UNKNOWN", k_none, k_whole},
    {"WARNING:", "WARNING: kernel stack frame pointer at * has bad value", "",
     "WARNING: kernel stack frame pointer has bad value", "", "warning", "UNKNOWN", k_none, k_whole},

    // Stalls and hangs.
    {"BUG:", "BUG: soft lockup", "", "BUG: soft lockup in {F}", "stall in {F}", "soft_lockup", "HANG", stall},
    {"BUG:", "BUG: workqueue lockup", "", "BUG: workqueue lockup", "", "workqueue_lockup", "HANG", k_none,
     k_whole},
    {"Watchdog detected hard LOCKUP", "Watchdog detected hard LOCKUP", "", "hard lockup in {F}",
     "stall in {F}", "hard_lockup", "HANG", stall},
    {"CPU", "^CPU {n} self-detected hard LOCKUP", "", "hard lockup in {F}", "stall in {F}", "hard_lockup",
     "HANG", stall},
    {"CPU", "^CPU {n} detected hard LOCKUP", "", "hard lockup in {F}", "stall in {F}", "hard_lockup", "HANG",
     stall},
    {"INFO:", "INFO: {w} self-detected expedited stall", "", "INFO: rcu detected stall in {F}",
     "stall in {F}", "rcu_stall", "HANG", stall},
    {"INFO:", "INFO: {w} self-detected stall", "", "INFO: rcu detected stall in {F}", "stall in {F}",
     "rcu_stall", "HANG", stall},
    {"INFO:", "INFO: {w} detected stall", "", "INFO: rcu detected stall in {F}", "stall in {F}", "rcu_stall",
     "HANG", stall},
    {"INFO:", "INFO: {w} detected expedited stall", "", "INFO: rcu detected stall in {F}", "stall in {F}",
     "rcu_stall", "HANG", stall},
    {"INFO:", "INFO: task * blocked for more than", "", "INFO: task hung in {F}", "hang in {F}", "hung_task",
     "HANG", hung},
    {"INFO:", "INFO: task * blocked in I/O wait for more than", "", "INFO: task hung in {F}", "hang in {F}",
     "hung_task", "HANG", hung},
    {"INFO:", "INFO: task * blocked on a", "", "INFO: task hung in {F}", "hang in {F}", "hung_task", "HANG",
     hung},
    {"INFO:", "INFO: task * can't die", "", "INFO: task can't die in {F}", "hang in {F}", "hung_task", "HANG",
     hung},

    // Locks.
    {"WARNING:", "WARNING: possible circular locking dependency detected", "* is trying to acquire",
     "possible deadlock in {F}", "", "lockdep", "LOCKDEP", site},
    {"INFO:", "INFO: possible circular locking dependency detected", "", "possible deadlock in {F}", "",
     "lockdep", "LOCKDEP", site},
    {"WARNING:", "WARNING: possible recursive locking detected", "", "possible deadlock in {F}", "",
     "lockdep", "LOCKDEP", site},
    {"INFO:", "INFO: possible recursive locking detected", "", "possible deadlock in {F}", "", "lockdep",
     "LOCKDEP", site},
    {"WARNING:", "WARNING: possible irq lock inversion dependency detected", "", "possible deadlock in {F}",
     "", "lockdep", "LOCKDEP", site},
    {"INFO:", "INFO: possible irq lock inversion dependency detected", "", "possible deadlock in {F}", "",
     "lockdep", "LOCKDEP", site},
    {"WARNING:", "WARNING: *-unsafe lock order detected", "", "possible deadlock in {F}", "", "lockdep",
     "LOCKDEP", chain},
    {"INFO:", "INFO: *-unsafe lock order detected", "", "possible deadlock in {F}", "", "lockdep", "LOCKDEP",
     chain},
    {"WARNING:", "WARNING: possible circular locking dependency detected", "",
     "WARNING: possible circular locking dependency detected", "", "lockdep", "WARNING", k_none, k_torn},
    {"WARNING:", "WARNING: inconsistent lock state", "", "inconsistent lock state in {F}", "", "lockdep",
     "LOCKDEP", site},
    {"INFO:", "INFO: inconsistent lock state", "", "inconsistent lock state in {F}", "", "lockdep", "LOCKDEP",
     site},
    {"WARNING:", "WARNING: suspicious RCU usage", "", "WARNING: suspicious RCU usage in {F}", "", "lockdep",
     "LOCKDEP", trace},
    {"INFO:", "INFO: suspicious RCU usage", "", "INFO: suspicious RCU usage in {F}", "", "lockdep", "UNKNOWN",
     trace},
    {"BUG:", "BUG: bad unlock balance detected", "", "BUG: bad unlock balance in {F}", "", "lockdep",
     "LOCKDEP", trace},
    {"WARNING:", "WARNING: bad unlock balance detected", "", "WARNING: bad unlock balance in {F}", "",
     "lockdep", "LOCKDEP", trace},
    {"BUG:", "BUG: held lock freed", "", "BUG: held lock freed in {F}", "", "lockdep", "LOCKDEP", site},
    {"WARNING:", "WARNING: held lock freed", "", "WARNING: held lock freed in {F}", "", "lockdep", "LOCKDEP",
     site},
    {"BUG:", "BUG: lock held when returning to user space", "",
     "BUG: lock held when returning to user space in {F}", "", "lockdep", "LOCKDEP", site, k_whole},
    {"WARNING:", "WARNING: lock held when returning to user space", "",
     "WARNING: lock held when returning to user space in {F}", "", "lockdep", "LOCKDEP", site, k_whole},
    {"WARNING:", "WARNING: Nested lock was not taken", "", "WARNING: nested lock was not taken in {F}", "",
     "lockdep", "LOCKDEP", trace},
    {"BUG:", "BUG: *still has locks held", "", "BUG: still has locks held in {F}", "", "lockdep", "LOCKDEP",
     site},
    {"WARNING:", "WARNING: *still has locks held", "", "WARNING: still has locks held in {F}", "", "lockdep",
     "LOCKDEP", site},
    {"BUG:", "BUG: Invalid wait context", "", "WARNING: locking bug in {F}", "", "lockdep", "LOCKDEP", trace},
    {"INFO:", "INFO: trying to register non-static key", "", "INFO: trying to register non-static key in {F}",
     "", "lockdep", "UNKNOWN", trace},
    {"BUG:", "BUG: spinlock {} on CPU", "", "BUG: spinlock {1} in {F}", "", "spinlock", "LOCKDEP", trace},
    {"BUG:", "BUG: rwlock {} on CPU", "", "BUG: rwlock {1} in {F}", "", "spinlock", "LOCKDEP", trace},
    {"BUG:", "BUG: sleeping function called from invalid context", "",
     "BUG: sleeping function called from invalid context in {F}", "", "atomic_sleep", "ATOMIC_SLEEP", trace},
    {"BUG:", "BUG: scheduling while atomic", "", "BUG: scheduling while atomic in {F}", "", "atomic_sleep",
     "ATOMIC_SLEEP", trace},
    {"BUG:", "BUG: using {w}() in preemptible", "", "BUG: using {1}() in preemptible code in {F}", "",
     "atomic_sleep", "LOCKDEP", trace},
    {"BUG:", "BUG: workqueue leaked lock or atomic", "last function: {f}",
     "BUG: workqueue leaked lock or atomic in {F}", "", "atomic_sleep", "UNKNOWN", body},
    {"BUG:", "BUG: workqueue leaked ", "last function: {f}",
     "BUG: workqueue leaked atomic, lock or RCU in {F}", "", "atomic_sleep", "UNKNOWN", body},

    // Memory management.
    {"BUG:", "BUG: Bad page state", "", "BUG: Bad page state in {F}", "", "mm_bug", "UNKNOWN", chain},
    {"BUG:", "BUG: Bad page map", "", "BUG: Bad page map", "", "mm_bug", "UNKNOWN", k_none, k_torn},
    {"BUG:", "BUG: Bad page cache", "", "BUG: Bad page cache in {F}", "", "mm_bug", "UNKNOWN", chain},
    {"BUG:", "BUG: Bad rss-counter state", "", "BUG: Bad rss-counter state", "", "mm_bug", "UNKNOWN", k_none,
     k_whole},
    {"BUG:", "BUG: non-zero {w} on freeing mm", "", "BUG: non-zero {1} on freeing mm", "", "mm_bug",
     "UNKNOWN", k_none, k_whole},
    {"BUG:", "BUG: Dentry *still in use*[unmount of", "", "BUG: Dentry still in use in unmount",
     "BUG: Dentry still in use [unmount of {U}]", "mm_bug", "UNKNOWN", k_none, k_whole},
    {"BUG:", "BUG: memory leak", "", "memory leak in {F}", "", "memory_leak", "LEAK", trace, k_traced,
     "*alloc* skb_clone*"},
    {"BUG", "^BUG * (*): Object already free", "", "BUG: Object already free", "", "mm_bug", "DoS", k_none,
     k_torn},
    {"BUG", "^BUG {w} (*): {} overwritten", "", "BUG: {2} overwritten in {F}", "", "mm_bug", "DoS", trace},
    {"BUG", "^BUG {w} (*): Freepointer corrupt", "", "BUG: Freepointer corrupt in {F}", "", "mm_bug", "DoS",
     trace},
    {"BUG", "^BUG {w} (*): Freechain corrupt", "", "BUG: Freechain corrupt in {F}", "", "mm_bug", "DoS",
     trace},
    {"BUG", "^BUG {w} (*): Wrong ", "", "BUG: wrong slab counters in {F}", "", "mm_bug", "DoS", trace},
    {"BUG", "^BUG {w} (*): Invalid ", "", "BUG: invalid slab object in {F}", "", "mm_bug", "DoS", trace},
    {"BUG", "^BUG {w} (*): Objects remaining in", "", "BUG: Objects remaining in slab in {F}", "", "mm_bug",
     "DoS", trace},
    {"failure:", "page allocation failure: order:", "", "page allocation failure in {F}", "", "oom",
     "UNKNOWN", trace, k_traced, "warn_alloc* __alloc*", k_minor},
    {"oom-killer:", "oom-killer: ", "", "out of memory: oom-killer in {F}", "", "oom", "DoS", trace, k_whole,
     "dump_header* oom_* out_of_memory* *oom* mem_cgroup_* try_charge*", k_minor},
    {"memory:", "^Out of memory: Kill", "", "out of memory: killed process", "", "oom", "DoS", k_none,
     k_whole, "", k_minor},
    {"memory:", "^Memory cgroup out of memory: Kill", "", "out of memory: killed process in cgroup", "",
     "oom", "DoS", k_none, k_whole, "", k_minor},

    // kernel BUG.
    {"kernel BUG at", "^kernel BUG at mm/usercopy.c", "", "BUG: bad usercopy in {F}", "", "kernel_bug", "BUG",
     trace},
    {"kernel BUG at", "^kernel BUG at lib/list_debug.c", "", "BUG: corrupted list in {F}",
     "bad-access in {F}", "kernel_bug", "MEMORY_SAFETY_BUG", trace},
    {"kernel BUG at", "^kernel BUG at ", "", "kernel BUG in {F}", "", "kernel_bug", "BUG", pointer},
    {"Kernel BUG at", "^Kernel BUG at ", "", "kernel BUG in {F}", "", "kernel_bug", "BUG", pointer},
    {"Kernel BUG", "^Kernel BUG [#", "", "kernel BUG in {F}", "", "kernel_bug", "BUG", pointer},

    // WARN.
    {"WARNING:", "WARNING: *lib/debugobjects.c", "", "WARNING: ODEBUG bug in {F}", "", "warning", "WARNING",
     trace, k_traced, "debug_* "},
    {"WARNING:", "WARNING: *mm/usercopy.c", "", "WARNING: bad usercopy in {F}", "", "warning", "WARNING",
     trace},
    {"WARNING:", "WARNING: *lib/kobject.c", "", "WARNING: kobject bug in {F}", "", "warning", "WARNING",
     trace},
    {"WARNING:", "WARNING: *lib/refcount.c", "", "WARNING: refcount bug in {F}", "", "warning",
     "REFCOUNT_WARNING", trace},
    {"WARNING:", "WARNING: *include/linux/refcount.h", "", "WARNING: refcount bug in {F}", "", "warning",
     "REFCOUNT_WARNING", trace},
    {"WARNING:", "WARNING: *fs/proc/generic.c*proc_register", "", "WARNING: proc registration bug in {F}", "",
     "warning", "WARNING", trace, k_traced, "proc_* _proc_*"},
    {"WARNING:", "WARNING: *kernel/locking/lockdep.c", "", "WARNING: locking bug in {F}", "", "lockdep",
     "LOCKDEP", trace},
    {"WARNING:", "WARNING: *mm/slab_common.c*kmalloc", "", "WARNING: kmalloc bug in {F}", "", "warning",
     "WARNING", trace},
    {"WARNING:", "WARNING: *mm/util.c*kvmalloc", "", "WARNING: kmalloc bug in {F}", "", "warning", "WARNING",
     trace},
    {"WARNING:", "WARNING: *mm/vmalloc.c*__vmalloc", "", "WARNING: zero-size vmalloc in {F}", "", "warning",
     "WARNING", trace},
    {"WARNING:", "WARNING: *lib/list_debug.c", "", "BUG: corrupted list in {F}", "bad-access in {F}",
     "kernel_bug", "MEMORY_SAFETY_BUG", trace},
    {"WARNING:", "WARNING: * usb_submit_urb", "", "WARNING in {F}/usb_submit_urb", "", "warning", "WARNING",
     trace, k_traced,
     "usb_start_wait_urb* usb_bulk_msg* usb_control_msg* usb_interrupt_msg* usb_internal_* usb_submit_urb* "
     "usb_*_msg*"},
    {"WARNING:", "WARNING: CPU: ", "", "WARNING in {F}", "", "warning", "WARNING", pointer},
    {"WARNING:", "WARNING: at {w}:{n} ", "", "WARNING in {F}", "", "warning", "WARNING", pointer},
    {"WARNING:", "WARNING: [*] {w}:{n} at ", "", "WARNING in {F}", "", "warning", "WARNING", pointer},
    {"WARNING:", "WARNING: {w}:{n} at ", "", "WARNING in {F}", "", "warning", "WARNING", pointer},
    {"WARNING:", "^WARNING: {}", "", "WARNING: {1}", "", "warning", "WARNING", k_none, k_whole},

    // Panics that name their reason, and those that only follow.
    {"Kernel panic", "Kernel panic - not syncing: Attempted to kill init!", "",
     "kernel panic: Attempted to kill init!", "", "panic", "DoS", k_none, k_whole},
    {"Kernel panic", "Kernel panic - not syncing: panic_on_warn set", "", "kernel panic: panic_on_warn set",
     "", "panic", "DoS", k_none, k_torn},
    {"Kernel panic", "Kernel panic - not syncing: Fatal exception", "", "kernel panic: Fatal exception", "",
     "panic", "DoS", k_none, k_torn},
    {"Kernel panic", "Kernel panic - not syncing: Couldn't open N_TTY ldisc for {w} --- error", "",
     "kernel panic: Couldn't open N_TTY ldisc", "", "panic", "DoS", k_none, k_traced},
    {"Kernel panic", "Kernel panic - not syncing: nmi: ", "", "NMI in {F}", "stall in {F}", "nmi", "HANG",
     stall},
    {"Kernel panic", "Kernel panic - not syncing: NMI: Not continuing", "", "NMI in {F}", "stall in {F}",
     "nmi", "HANG", stall},
    {"Kernel panic", "Kernel panic - not syncing: Hard LOCKUP", "", "hard lockup in {F}", "stall in {F}",
     "hard_lockup", "HANG", stall},
    {"Kernel panic", "Kernel panic - not syncing: softlockup: hung tasks", "", "BUG: soft lockup in {F}",
     "stall in {F}", "soft_lockup", "HANG", stall},
    {"Kernel panic", "Kernel panic - not syncing: {}", "", "kernel panic: {1}", "", "panic", "DoS", k_none,
     k_whole},
    {"Kernel panic", "^Kernel panic", "", "kernel panic: corrupted", "", "panic", "DoS", k_none, k_torn},

    // The rest.
    {"unregister_netdevice:", "unregister_netdevice: waiting for {w} to become free", "",
     "unregister_netdevice: waiting for DEV to become free", "", "netdev_refcount", "DoS", k_none, k_whole},
    {"VFS:", "VFS: Busy inodes after unmount", "", "VFS: Busy inodes after unmount (use-after-free)", "",
     "mm_bug", "DoS", k_none, k_whole},
    {"VFS:", "VFS: Close: file count is", "", "VFS: Close: file count is zero (use-after-free)", "", "mm_bug",
     "DoS", k_none, k_whole},
    {"rust_kernel:", "rust_kernel: panicked at", "attempt to {}", "attempt to {1} in {F}", "", "panic",
     "UNKNOWN", trace},
    {"rust_kernel:", "rust_kernel: panicked at", "", "rust panic in {F}", "", "panic", "UNKNOWN", trace},
    {"trusty:", "trusty: panic (*): ASSERT FAILED at ", "", "trusty: ASSERT FAILED:", "", "panic", "DoS",
     k_none, k_torn},
    {"trusty:", "trusty: panic (*): {}", "", "trusty: panic: {1}", "", "panic", "DoS", k_none, k_whole},
    {"trusty:", "trusty: panic", "*ASSERT FAILED", "trusty: ASSERT FAILED:", "", "panic", "DoS", k_none,
     k_torn},
    {"Exception:", "Exception: {n} Bank", "", "machine check", "", "mce", "DoS", k_none, k_whole},
    {"Oops:", "^Oops - BUG", "", "kernel BUG in {F}", "", "kernel_bug", "BUG", pointer},
    {"Oops:", "^Oops: ", "", "Oops in {F}", "bad-access in {F}", "page_fault", "DoS", pointer},
    {"Oops", "^Oops [#", "", "Oops in {F}", "bad-access in {F}", "page_fault", "DoS", pointer},
    {"SYZFAIL:", "^SYZFAIL: {}", "", "SYZFAIL: {1}", "", "userspace", "SYZ_FAILURE", k_none, k_whole},
    {"fatal error", "^fatal error: ", "goroutine ", "go runtime error", "", "userspace", "DoS", k_none,
     k_whole},
    {"fatal error", "^fatal error: ", "fatal: bad g", "go runtime error", "", "userspace", "DoS", k_none,
     k_whole},
    {"fatal error", "^fatal error: ", "runtime stack:", "go runtime error", "", "userspace", "DoS", k_none,
     k_whole},
    {"EXT4-fs error", "^EXT4-fs error", "", "EXT4-fs error", "", "filesystem", "UNKNOWN", k_none, k_whole, "",
     k_minor},
    {"Booting the kernel", "^Booting the kernel.", "", "unexpected kernel reboot", "", "reboot", "REBOOT",
     k_none, k_whole},

    // Whatever else calls itself a bug.
    {"BUG:", "^BUG: {}", "", "BUG: {1}", "", "other", "UNKNOWN", k_none, k_whole},
    {"INFO:", "^INFO: {}", "", "INFO: {1}", "", "other", "UNKNOWN", k_none, k_torn},
    {"INFO:", "^INFO:", "", "INFO: corrupted", "", "other", "UNKNOWN", k_none, k_torn},
};

struct BenignFamily {
  std::string_view pattern;  // pattern.hpp, tried at the header
};

constexpr BenignFamily k_benign[] = {
    {"INFO: lockdep is turned off"},
    {"INFO: NMI handler"},
    {"INFO: Stall ended"},
    {"INFO: recovery required"},
    {"INFO: * took too long"},
    {"INFO: *is not present in"},
    {"INFO: no syscalls"},
    {"WARNING: *does not exist"},
    {"WARNING: *deprecated"},
    {"WARNING: *mount option"},
    {"WARNING: *mitigation"},
    {"WARNING: *http"},
    {"WARNING: *is enabled"},
    {"WARNING: *not configured"},
    {"WARNING: *missed to"},
    {"WARNING: *Unsupported"},
    {"WARNING: *unsupported"},
    {"WARNING: *Please"},
    {"WARNING: *please"},
    {"WARNING: workqueue cpumask"},
};

// Words in front of a header that say who found it.
constexpr std::string_view k_lead_ins[] = {"NMI watchdog: ", "watchdog: ", "rcu: ",    "[ ",      "Oops: ",
                                           "traps: ",        "mce: ",      "kernel: ", "Oops - ", "nmi: "};

constexpr std::string_view k_panic = "Kernel panic - not syncing";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Cues that end with a colon, by their last letter; and cues that start a text, by their first.
class Cues {
 public:
  Cues() {
    for (const auto& rule : k_rules) {
      auto& list =
          rule.cue.back() == ':' ? colon_[slot(rule.cue[rule.cue.size() - 2])] : start_[slot(rule.cue[0])];
      if (std::find(list.begin(), list.end(), rule.cue) == list.end()) list.push_back(rule.cue);
    }
    for (const auto lead : k_lead_ins) leads_[slot(lead[0])] = true;
  }
  const std::vector<std::string_view>& before_colon(char c) const { return colon_[slot(c)]; }
  const std::vector<std::string_view>& at_start(char c) const { return start_[slot(c)]; }
  bool may_lead(char c) const { return leads_[slot(c)]; }

 private:
  static std::size_t slot(char c) { return static_cast<unsigned char>(c) & 127u; }
  std::array<std::vector<std::string_view>, 128> colon_;
  std::array<std::vector<std::string_view>, 128> start_;
  std::array<bool, 128> leads_{};
};

const Cues k_cues;

const Cues& cues() {
  return k_cues;
}

// Where the message proper starts, behind lead-ins.
std::size_t lead_length(std::string_view text) {
  std::size_t at = 0;
  for (int round = 0; round < 3 && at < text.size() && cues().may_lead(text[at]); ++round) {
    const auto rest = text.substr(at);
    const auto* const end = std::end(k_lead_ins);
    const auto* const lead =
        std::find_if(std::begin(k_lead_ins), end, [&](auto word) { return rest.starts_with(word); });
    if (lead == end) break;
    at += lead->size();
  }
  return at;
}

Cue cue_at_start(std::string_view text, std::size_t lead) {
  if (lead >= text.size()) return {};
  const auto rest = text.substr(lead);
  for (const auto cue : cues().at_start(rest[0]))
    if (rest.starts_with(cue)) return {lead};
  return {};
}

// Where the cue that ends with the colon at `colon` begins.
std::size_t cue_before(std::string_view text, std::size_t colon) {
  if (colon == 0) return std::string_view::npos;
  for (const auto cue : cues().before_colon(text[colon - 1])) {
    if (colon + 1 < cue.size()) continue;
    const auto begin = colon + 1 - cue.size();
    if (text.substr(begin, cue.size()) == cue && (begin == 0 || !is_letter(text[begin - 1]))) return begin;
  }
  // A panic in the middle of a line, behind words that lost their line end.
  if (text.substr(0, colon).ends_with(k_panic)) return colon - k_panic.size();
  return std::string_view::npos;
}

Cue cue_at_colon(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const auto* const found =
        static_cast<const char*>(std::memchr(text.data() + from, ':', text.size() - from));
    if (!found) return {};
    const auto at = static_cast<std::size_t>(found - text.data());
    if (const auto begin = cue_before(text, at); begin != std::string_view::npos) return {begin};
    from = at + 1;
  }
  return {};
}

bool header_fits(const Rule& rule, std::string_view text, std::size_t at, std::size_t lead,
                 std::vector<std::string_view>& captures) {
  auto pattern = rule.header;
  const bool bound = pattern.starts_with('^');
  if (bound) pattern.remove_prefix(1);
  // The pattern may begin before its cue ("divide error: " with cue "error:").
  const auto cue_in_pattern = pattern.find(rule.cue);
  if (cue_in_pattern == std::string_view::npos || cue_in_pattern > at) return false;
  const auto begin = at - cue_in_pattern;
  if (bound && begin != lead && begin != 0) return false;
  return match_header(pattern, text.substr(begin), captures);
}

void add_rules(std::string_view text, std::size_t at, std::size_t lead, Header& header) {
  std::vector<std::string_view> captures;
  const auto rest = text.substr(at);
  for (const auto& rule : k_rules)
    if (rule.cue[0] == rest[0] && rest.starts_with(rule.cue) && header_fits(rule, text, at, lead, captures))
      header.rules.push_back(&rule);
  header.at = at;
}

}  // namespace

std::span<const Rule> all_rules() {
  return k_rules;
}

bool is_benign(std::string_view header) {
  std::vector<std::string_view> captures;
  return std::any_of(std::begin(k_benign), std::end(k_benign), [&](const BenignFamily& family) {
    return match_header(family.pattern, header, captures);
  });
}

Cue find_cue(std::string_view text) {
  if (text.size() < 5) return {};
  const auto lead = lead_length(text);
  if (const auto cue = cue_at_start(text, lead); cue.found()) return cue;
  if (const auto cue = cue_at_colon(text, lead); cue.found()) return cue;
  return lead == 0 ? Cue{} : cue_at_colon(text, 0);
}

Header header_in(std::string_view text) {
  Header header;
  const auto lead = lead_length(text);
  if (const auto cue = cue_at_start(text, lead); cue.found()) add_rules(text, cue.at, lead, header);
  for (std::size_t from = lead; header.rules.empty();) {
    const auto colon = text.find(':', from);
    if (colon == std::string_view::npos) break;
    if (const auto at = cue_before(text, colon); at != std::string_view::npos)
      add_rules(text, at, lead, header);
    from = colon + 1;
  }
  if (header.rules.empty() && lead != 0)
    if (const auto cue = cue_at_colon(text, 0); cue.found()) add_rules(text, cue.at, lead, header);
  if (!header.rules.empty() && is_benign(text.substr(header.at))) return {};
  return header;
}

}  // namespace kverdict
