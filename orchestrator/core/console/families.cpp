#include "orchestrator/core/console/families.hpp"

#include <array>

#include "orchestrator/core/console/pattern.hpp"
#include "orchestrator/core/console/title.hpp"

namespace kverdict {
namespace {

struct Family {
  std::string_view what;
  std::string_view globs;
};

constexpr Family k_glue[] = {
    {"sanitizers",
     "*kasan* *kmsan* *kcsan* *kfence* *ubsan* __msan_* __asan_* __hwasan_* __tsan_* __sanitizer_* "
     "check_memory_region* memory_is_* bytes_is_* check_region* check_poison* val_to_string handle_overflow* "
     "read_word_at_a_time read_once* __read_once* __write_once* print_address_description* print_report* "
     "print_memory*"},
    {"reports",
     "*dump_stack* nmi_* *trigger_cpumask* arch_trigger* sched_show_task* _sched_show* end_report* "
     "__stack_chk_fail* save_trace* depot_* show_stack* show_regs* dump_backtrace* unwind_backtrace* "
     "unwind_frame* save_stack* stack_trace_* walk_stackframe* arch_stack_walk* show_trace* "
     "check_panic_on_warn* *_panic *_panic_* panic panic_* __panic nmi_panic* vpanic report_bug* "
     "__report_bug* fixup_bug* handle_bug* *invalid_op* __warn* warn_slowpath* warn_alloc* __die* die die_* "
     "oops_* no_context* bug_handler* refcount_* __refcount_* ref_tracker_* warn_bogus_* __virt_to_phys* "
     "__phys_addr* *_trap do_trap* do_error* *_error_trap* debug_print_object* debug_object* debug_check_* "
     "__debug_* slab_err* object_err* slab_bug* print_trailer* slab_pad_check* check_slab* check_object* "
     "free_debug_* bad_page* dump_page* __dump_page* free_page* free_pages_check* free_pcp* release_pages* "
     "vma_alloc_folio* free_unref_* page_frag_* report_usercopy* usercopy_* *check_object_size* "
     "*check_heap_object* mark_lock* mark_held_locks* print_*bug* print_*usage* print_circular* "
     "print_deadlock* print_bad_irq* check_noncircular* check_prev* check_irq_usage* check_deadlock* "
     "check_usage* check_wait_context* validate_chain* register_lock_class* assign_lock_key* "
     "find_lock_class* look_up_lock_class* lookup_chain_cache* hlock_class* is_dynamic_key* lockdep_* "
     "__lockdep_* lock_acquire* __lock_acquire* lock_release* __lock_release* lock_is_held* "
     "reacquire_held_locks* lock_downgrade* lock_set_* __lock_set_* lock_contended* lock_acquired* "
     "trace_hardirqs* trace_softirqs* check_flags* debug_lockdep_* debug_locks_* debug_check_no_locks* "
     "debug_show_* match_held_lock* __might_sleep* ___might_sleep* __might_resched* might_fault* "
     "__might_fault* might_sleep* __schedule_bug* check_preemption_disabled* debug_smp_* "
     "__this_cpu_preempt_check* __cant_* spin_bug* spin_dump* rwlock_bug* kobject_* timer_is_static_object* "
     "work_is_static_object* should_fail* __should_fail* fail_dump* print_tainted* perf_trace_* "
     "trace_event_* __traceiter_* bpf_trace_* __bpf_trace_*"},
    {"traps",
     "*apic_timer_interrupt* asm_call_* asm_exc_* exc_* asm_sysvec_* sysvec_* asm_common_interrupt* "
     "error_entry* error_exit* general_protection page_fault async_page_fault do_page_fault __do_page_fault* "
     "do_kern_addr_fault* do_user_addr_fault* do_async_page_fault* handle_page_fault* do_general_protection "
     "do_double_fault* double_fault invalid_op int3 do_int3* do_translation_fault* do_mem_abort* "
     "do_sp_pc_abort* el1_* el1h_* do_DataAbort do_PrefetchAbort brk_handler* do_debug_exception* "
     "call_break_hook* __exception_text_start program_check_* __program_check* instrumentation_* "
     "do_alignment* do_undefinstr do_tag_* __x86_indirect_thunk* __x86_return_thunk* __indirect_thunk* "
     "srso_* retbleed_* __llvm_retpoline* __die_kernel_fault* __do_kernel_fault* ret_from_exception_* "
     "irqentry_* secondary_startup* __bug_entry* rust_helper_* ftrace_* *_ftrace_*"},
    {"allocators",
     "*kmalloc* *kzalloc* *kcalloc* *krealloc* *kvmalloc* *kvzalloc* kmem_cache_* __kmem_cache_* *kfree* "
     "kvfree* kzfree* *vmalloc* *vzalloc* vfree __vfree* __vunmap* devm_* kstrdup* kmemdup* kmemleak_* "
     "create_object* __create_object* pcpu_* __alloc_percpu* alloc_percpu* slab_* __slab_* ___slab_* "
     "new_slab* allocate_slab* cache_alloc* ____cache_* cache_grow* cache_free* ___cache_free* __cache_free* "
     "do_slab_free* alloc_slab* setup_object* mempool_* alloc_page* page_pool_* __page_pool_* __alloc_pages* "
     "alloc_frozen_pages* __alloc_frozen_pages* __get_free_page* __free_page* __free_pages* "
     "get_page_from_freelist* prep_new_page* post_alloc_hook* *page_owner* filemap_alloc_folio* "
     "__page_frag_cache_* __do_kmem_* idr_* __idr_* ida_* xas_* __xas_* xa_* __xa_* warn_alloc* "
     "process_one_work* worker_thread* kthread"},
    {"locks",
     "*_raw_spin_* *_raw_read_* *_raw_write_* do_raw_* raw_spin_* __raw_* spin_lock* spin_unlock* spin_try* "
     "*read_lock* *write_lock* *read_unlock* *write_unlock* queued_spin_* queued_read_* queued_write_* "
     "native_queued_* __pv_queued_* pv_* arch_spin_* mutex_lock* mutex_unlock* mutex_try* __mutex_* "
     "mutex_spin* mutex_optimistic* mutex_remove_waiter* ww_mutex_* rt_mutex_* __rt_mutex_* rt_spin_* osq_* "
     "down down_* __down* up up_* __up* rwsem_* __rwsem_* call_rwsem_* percpu_down* percpu_up* __percpu_* "
     "seqlock_* read_seq* *seqprop* *seqcount* __task_rq_lock* task_rq_lock* raw_spin_rq_* rq_lock* "
     "lock_sock* release_sock* bit_spin_*"},
    {"atomics",
     "atomic_* atomic64_* arch_atomic* raw_atomic* __atomic_* __ll_sc_* __lse_* __refcount* test_bit* "
     "set_bit* clear_bit* test_and_* __xchg* __cmpxchg* cmpxchg* find_next_bit* find_first_bit* _find_*"},
    {"memory and strings",
     "memcpy* __memcpy* memset* __memset* memmove* __memmove* memcmp* __memcmp* memchr* memscan* strcmp* "
     "strncmp* strcpy* strncpy* strlen* strnlen* strcat* strncat* strchr* strrchr* strstr* strnstr* strscpy* "
     "strlcpy* strlcat* strsep* strspn* strcspn* strcasecmp* strncasecmp* strim* strreplace* sized_strscpy* "
     "__strcpy* __strlen* copy_*_user* _copy_*_user* __copy_*_user* __arch_copy_* arm_copy_* raw_copy_* "
     "copy_user_* copy_page_to_iter* copy_page_from_iter* _copy_to_iter* _copy_from_iter* *copy_to_iter* "
     "*copy_from_iter* iterate_iovec* iterate_bvec* iterate_kvec* iterate_and_advance* rep_movs* rep_stos* "
     "clear_user* __clear_user* get_user* __get_user* put_user* __put_user* csum_* __csum_* crc* __crc* "
     "hex_dump* print_hex* hex_string* va_format* string string_nocheck* pointer vsnprintf* vscnprintf* "
     "snprintf* scnprintf* sprintf* vsprintf* kasprintf* kvasprintf* number sort sort_r* __sort* bsearch* "
     "copy_overflow* *fortify* logic_in* logic_out* inb* inw* inl* outb* outw* outl* readb* readl* writel* "
     "memdup_user* memdup_user_nul* strndup_user*"},
    {"printing",
     "put_dec* msg_print_text* printk* _printk* vprintk* console_unlock* console_flush* console_trylock* "
     "dev_printk* __dev_printk* dev_vprintk* _dev_* netdev_printk* __netdev_printk* netdev_err* netdev_warn* "
     "netdev_info* log_store* vkdb_*"},
    {"lists and references",
     "rhashtable_* __rhashtable_* rht_* list_* __list_* hlist_* __hlist_* plist_* llist_* klist_* rb_* "
     "__rb_* rbtree_* kref_* refcount*"},
    {"timers, work, waits, threads",
     "init_timer* timer_setup* __timer_setup* __init_work* add_timer* mod_timer* __mod_timer* del_timer* "
     "__del_timer* timer_delete* __timer_delete* try_to_del_timer* __try_to_del* lock_timer_base* "
     "detach_if_pending* detach_timer* enqueue_timer* timer_shutdown* hrtimer_* __hrtimer_* flush_work* "
     "__flush_work* flush_workqueue* __flush_workqueue* drain_workqueue* destroy_workqueue* cancel_work* "
     "cancel_delayed_work* __cancel_work* try_to_grab_pending* queue_work* queue_delayed_work* __queue_work* "
     "__queue_delayed_work* insert_work* get_work_pool* start_flush_work* check_flush_dependency* "
     "finish_wait* prepare_to_wait* add_wait_queue* __wake_up* wake_up wake_up_process* "
     "wake_up_interruptible* wake_up_q* wake_up_state* wake_up_bit* try_to_wake_up* ttwu_* "
     "default_wake_function* autoremove_wake_function* kthread_stop* wait_for_* do_wait_for_* __wait_for_* "
     "complete complete_all complete_with* swake_up* rcuwait_*"},
    {"device wrappers",
     "device_add* device_del* device_register* device_unregister* device_destroy* device_release* "
     "device_initialize* device_create* unregister_netdevice_* rollback_registered* put_device* get_device* "
     "get_device_parent* __device_* driver_register* bus_add_driver* bus_add_device* sysfs_* "
     "internal_create_group* kernfs_remove* add_uevent_var* platform_device_del* i2c_del_adapter* "
     "hwrng_unregister* usb_kill_* usb_submit_urb* usb_unanchor_* usb_poison_*"},
    {"rcu and schedule",
     "call_rcu* __call_rcu* rcu_note_context_switch* rcu_read_* rcu_lock_* rcu_is_* rcu_dynticks_* "
     "debug_rcu_* __schedule schedule schedule_debug* preempt_schedule* _cond_resched* __cond_resched* "
     "cond_resched* should_resched* preempt_count_* schedule_preempt* schedule_timeout* schedule_hrtimeout* "
     "io_schedule*"},
    {"buffers and caches",
     "*dput skb_panic* skb_over_panic* skb_under_panic* skb_put* skb_push* skb_pull* __skb_put* __skb_push* "
     "__skb_pull* dget* find_lock_entries* truncate_inode_pages_range* __filemap_get_folio* "
     "filemap_get_folio* pagecache_get_page* grab_cache_page* find_or_create_page* unlock_page* folio_* "
     "__folio_* put_page* __put_page*"},
    {"ciphers",
     "keccakf* *aes* crypto_* cipher_* cbc_* ctr_* xts_* ecb_* cts_* gcm_* lskcipher* skcipher* "
     "simd_skcipher* shash_* ahash_* drbg_* rng_* jent_* chacha* poly1305* ghash* sha1_* sha256_* sha512_* "
     "blake2*"},
    {"Rust",
     "_RNv*9panicking* _RNv*5panic* _RN*rust_begin_unwind* *rust_begin_unwind* core::panicking::* "
     "core::fmt::* <core::*"},
};

// Dispatchers: what they call is what a stalled task was asked to do.
constexpr std::string_view k_anchors =
    "do_syscall_* __do_syscall* do_fast_syscall_* __do_fast_syscall* do_int80_* sysenter_dispatch* "
    "entry_SYSCALL* entry_SYSENTER* entry_INT80* entry_*_compat* system_call_fastpath* tracesys* "
    "syscall_exit_* ia32_sys_call x64_sys_call el0_svc* invoke_syscall* __invoke_syscall* ret_fast_syscall* "
    "sys_call_* system_call_exception* exit_to_user* *do_softirq* call_softirq* run_ksoftirqd* irq_exit* "
    "run_timer_softirq* __run_timers* call_timer_fn* expire_timers* *hrtimer_run_* tasklet_action* "
    "tasklet_hi_action* process_one_work* worker_thread* kthread ret_from_fork* smpboot_thread_fn* "
    "cpu_startup_entry* start_secondary* start_kernel* x86_64_start* rest_init* do_idle* cpu_idle* "
    "secondary_start* *netif_receive_skb* __netif_receive* process_backlog* napi_poll* net_rx_action* "
    "vfs_read* vfs_write* __vfs_read* __vfs_write* new_sync_read* new_sync_write* do_iter_read* "
    "do_iter_write* call_read_iter* call_write_iter* do_iter_readv_writev* do_loop_readv* vfs_iter_* "
    "vfs_ioctl* do_vfs_ioctl* compat_SyS_ioctl* __do_compat_sys_ioctl* __se_compat_sys_ioctl* "
    "__compat_sys_ioctl* compat_sys_ioctl* __do_sys_ioctl* __se_sys_ioctl* ksys_ioctl* SyS_ioctl* "
    "SYSC_ioctl* __x64_sys_ioctl* __fput* ____fput* do_dentry_open* vfs_open* vfs_fsync* mmap_region* "
    "__mmap_region* call_mmap* sock_sendmsg* __sock_sendmsg* sock_recvmsg* sock_write_iter* sock_read_iter* "
    "sock_common_setsockopt* __sys_setsockopt* do_sock_setsockopt* sock_ioctl* sock_do_ioctl* "
    "nfnetlink_rcv_msg* rtnetlink_rcv_msg* task_work_run* smp_call_function* call_usermodehelper*";

// By parts of names: what waits says so.
constexpr std::string_view k_waits =
    "*sched* *_lock* *_slowlock* *down* *rwsem* *completion* *kthread* *wait* *synchronize* context_switch* "
    "__switch_to* *cancel_delayed_work* *rcu_barrier* lock_page* lock_sock* lock_buffer* *_freeze* "
    "*nanosleep* usb_start_wait_urb* usb_*_msg yield* *_barrier";

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

const GlobSet k_glue_set = [] {
  GlobSet set;
  for (const auto& family : k_glue) set.add(family.globs);
  return set;
}();
const GlobSet k_anchor_set = set_of(k_anchors);
const GlobSet k_wait_set = set_of(k_waits);
const GlobSet k_detector_set = set_of(k_detectors);

}  // namespace

bool is_glue(std::string_view function) {
  return k_glue_set.holds(plain_function(function));
}

std::string_view pick_stalled(const std::vector<NamedFrame>& frames) {
  if (frames.empty() || fits_any(k_not_running, plain_function(frames.front().function))) return {};
  std::string_view last;  // worth naming
  for (const auto& frame : frames) {
    const auto name = plain_function(frame.function);
    if (k_detector_set.holds(name)) return {};
    if (k_anchor_set.holds(name)) {
      if (name.starts_with("smp_call_function")) return frame.function;
      if (!last.empty() && !fits_any(k_tick, plain_function(last))) return last;
      continue;
    }
    if (!k_glue_set.holds(name)) last = frame.function;
  }
  return {};
}

std::string_view pick_hung(const std::vector<NamedFrame>& frames) {
  for (const auto& frame : frames)
    if (fits_any(k_bottlenecks, plain_function(frame.function))) return frame.function;
  for (const auto& frame : frames) {
    const auto name = plain_function(frame.function);
    if (!k_wait_set.holds(name) && !k_glue_set.holds(name)) return frame.function;
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
