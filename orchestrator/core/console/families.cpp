#include "orchestrator/core/console/families.hpp"

#include "orchestrator/core/console/pattern.hpp"
#include "orchestrator/core/console/title.hpp"

namespace kverdict {
namespace {

// A family is what one corner of the kernel offers to everybody else. Its functions stand at the top of a
// trace because somebody called them with a broken thing, or because they found that it is broken: that
// somebody is worth naming. Functions of the same corner that have a life of their own are not in it: a lru
// list walk, a timer's expiry, or the look-up of a page cache entry can be wrong by themselves.
struct Family {
  std::string_view corner;  // of the kernel
  std::string_view reason;
  std::string_view globs;
};

constexpr Family k_glue[] = {
    // Those who found it.
    {"mm/kasan, mm/kmsan, mm/kfence, kernel/kcsan, lib/ubsan", "checks, and the instrumentation calling them",
     "*kasan* *kmsan* *kcsan* *kfence* *ubsan* __asan_* __hwasan_* __msan_* __tsan_* __sanitizer_* "
     "check_memory_region* check_region* check_poison* memory_is_* bytes_is_* handle_overflow* val_to_string "
     "read_word_at_a_time read_once* __read_once* __write_once* print_address_description* print_report* "
     "print_memory* end_report* instrument_*"},
    {"lib/dump_stack, kernel/stacktrace, lib/nmi_backtrace", "print or save the trace itself",
     "*dump_stack* dump_backtrace* show_stack* show_regs* show_trace* save_stack* save_trace* stack_trace_* "
     "stack_depot_* depot_* arch_stack_walk* walk_stackframe* unwind_backtrace* unwind_frame* "
     "*nmi_cpu_backtrace* *trigger_cpumask* arch_trigger* *sched_show_task*"},
    {"kernel/panic, lib/bug, arch traps of WARN and BUG", "the way from a check to its report",
     "panic panic_* __panic vpanic *_panic *_panic_* nmi_panic* check_panic_on_warn* __warn* warn_slowpath* "
     "warn_bogus_* report_bug* __report_bug* fixup_bug* handle_bug* bug_handler* __bug_entry* *invalid_op* "
     "__stack_chk_fail* __die* die die_* oops_* no_context* print_tainted* call_break_hook* brk_handler*"},
    {"arch entry code", "the way from a trap or an interrupt to its handler",
     "*_trap do_trap* *_error_trap* *apic_timer_interrupt* asm_exc_* exc_* asm_sysvec_* sysvec_* asm_call_* "
     "asm_common_interrupt* error_entry* error_exit* irqentry_* general_protection do_general_protection "
     "page_fault async_page_fault do_page_fault __do_page_fault* do_async_page_fault* handle_page_fault* "
     "do_kern_addr_fault* do_user_addr_fault* double_fault do_double_fault* int3 do_int3* "
     "do_debug_exception* "
     "do_translation_fault* do_mem_abort* do_sp_pc_abort* do_tag_* __die_kernel_fault* __do_kernel_fault* "
     "el1_* el1h_* do_DataAbort do_PrefetchAbort do_undefinstr do_alignment* program_check_* "
     "__program_check* ret_from_exception_* __exception_text_start secondary_startup* __virt_to_phys* "
     "__phys_addr*"},
    {"retpolines, function tracer, Rust helpers", "calls in between that the compiler or a tracer made",
     "__x86_indirect_thunk* __x86_return_thunk* __indirect_thunk* __llvm_retpoline* srso_* retbleed_* "
     "ftrace_call* ftrace_caller* ftrace_regs_* ftrace_graph_* rust_helper_* __kcfi_* __cfi_* "
     "instrumentation_*"},
    {"tracepoints", "a tracepoint fires wherever its caller is",
     "perf_trace_* trace_event_raw_* trace_event_buffer_* __traceiter_* __bpf_trace_*"},
    {"Rust core", "a Rust panic on its way out",
     "_RNv*9panicking* _RNv*5panic* _RN*rust_begin_unwind* *rust_begin_unwind* core::panicking::* "
     "core::fmt::* <core::*"},
    {"lib/fault-inject", "asked for, not a bug", "should_fail* __should_fail* fail_dump*"},

    // Debugging aids that check what callers do.
    {"kernel/locking/lockdep", "finds what callers of locks do",
     "lock_acquire* __lock_acquire* lock_release* __lock_release* lock_is_held* lock_downgrade* lock_set_* "
     "__lock_set_* lock_contended* lock_acquired* lockdep_* __lockdep_* *mark_lock* mark_held_locks* "
     "mark_usage* validate_chain* register_lock_class* assign_lock_key* find_lock_class* "
     "look_up_lock_class* lookup_chain_cache* hlock_class* is_dynamic_key* reacquire_held_locks* "
     "match_held_lock* check_noncircular* check_prev* check_irq_usage* check_deadlock* check_usage* "
     "check_wait_context* check_flags* print_*bug* print_*usage* print_circular* print_deadlock* "
     "print_bad_irq* trace_hardirqs* trace_softirqs* debug_lockdep_* debug_locks_* "
     "debug_check_no_locks* debug_show_* rcu_lockdep_*"},
    {"sleeping and preemption checks", "find what callers do in the wrong context",
     "__might_sleep* ___might_sleep* __might_resched* might_sleep* __might_fault* might_fault* __cant_* "
     "__schedule_bug* schedule_debug* check_preemption_disabled* debug_smp_* __this_cpu_preempt_check* "
     "preempt_count_*"},
    {"lib/debugobjects, lib/refcount, lib/ref_tracker, lib/kobject", "count and track objects of others",
     "debug_object* debug_print_object* debug_check_* __debug_object* __debug_check* timer_is_static_object* "
     "work_is_static_object* refcount_* __refcount_* kref_* ref_tracker_* kobject_* add_uevent_var*"},
    {"kernel/locking/spinlock_debug", "finds what callers do with a lock",
     "spin_bug* spin_dump* rwlock_bug*"},
    {"mm/usercopy, fortify", "find what callers copy",
     "usercopy_* report_usercopy* *check_object_size* *check_heap_object* *fortify* copy_overflow*"},

    // Memory.
    {"mm/slub, mm/slab, mm/slob", "get and put memory, and check it",
     "*kmalloc* *kzalloc* *kcalloc* *krealloc* *kvmalloc* *kvzalloc* kmem_cache_* __kmem_cache_* __do_kmem_* "
     "*kfree* kvfree* kzfree* slab_* __slab_* ___slab_* new_slab* allocate_slab* alloc_slab* setup_object* "
     "do_slab_free* cache_alloc* ____cache_* cache_grow* cache_free* ___cache_free* __cache_free* "
     "check_slab* check_object* free_debug_* slab_pad_check* object_err* print_trailer* mempool_alloc* "
     "mempool_free* mempool_k*"},
    {"mm/page_alloc, page owner, page frags", "get and put pages, and check them",
     "alloc_page* __alloc_page* alloc_frozen_pages* __alloc_frozen_pages* __get_free_page* "
     "get_page_from_freelist* prep_new_page* post_alloc_hook* *page_owner* __free_page* __free_pages* "
     "free_pages_check* free_pcp* bad_page* dump_page* __dump_page* warn_alloc* page_frag_alloc* "
     "page_frag_free* __page_frag_* page_pool_alloc* __page_pool_alloc* page_pool_dev_alloc* "
     "folio_alloc* vma_alloc_folio* filemap_alloc_folio*"},
    {"mm/vmalloc, mm/percpu, mm/util", "get memory for others",
     "*vmalloc* *vzalloc* pcpu_* alloc_percpu* __alloc_percpu* kstrdup* kmemdup* memdup_user* strndup_user* "
     "devm_*alloc* devm_kstr* devm_kmem*"},
    {"mm/kmemleak", "tracks what others got", "kmemleak_* create_object* __create_object*"},

    // Locks and atomics.
    {"kernel/locking", "take and give locks of others",
     "*_raw_spin_* *_raw_read_* *_raw_write_* do_raw_* raw_spin_* __raw_* spin_lock* spin_unlock* spin_try* "
     "*read_lock* *write_lock* *read_unlock* *write_unlock* queued_spin_* queued_read_* queued_write_* "
     "native_queued_* __pv_queued_* pv_* arch_spin_* mutex_lock* mutex_unlock* mutex_try* __mutex_* "
     "mutex_spin* mutex_optimistic* mutex_remove_waiter* ww_mutex_* rt_mutex_* __rt_mutex_* rt_spin_* osq_* "
     "down down_read* down_write* down_try* down_interruptible* down_killable* down_timeout* __down* up "
     "up_read* up_write* __up* rwsem_* __rwsem_* call_rwsem_* percpu_down* percpu_up* __percpu_down* "
     "__percpu_up* seqlock_* read_seq* *seqprop* *seqcount* bit_spin_*"},
    {"run queue locks", "locks of the scheduler", "__task_rq_lock* task_rq_lock* raw_spin_rq_* rq_lock*"},
    {"lib/atomic64, asm/atomic, asm/bitops", "touch one word of others",
     "atomic_* atomic64_* arch_atomic* raw_atomic* __atomic_* __ll_sc_* __lse_* test_bit* set_bit* "
     "clear_bit* "
     "test_and_* variable_test_bit* __xchg* __cmpxchg* cmpxchg* find_next_*bit* find_first_*bit* "
     "find_last_bit* _find_*bit*"},

    // Generic library code.
    {"lib/string, arch/lib", "read and write where they are told",
     "memcpy* __memcpy* memset* __memset* memmove* __memmove* memcmp* __memcmp* bcmp* memchr* memscan* "
     "strcmp* strncmp* strcpy* strncpy* __strcpy* strlen* __strlen* strnlen* strcat* strncat* strlcat* "
     "strlcpy* strscpy* sized_strscpy* stpcpy* strchr* strrchr* strnchr* strpbrk* strstr* strnstr* strsep* "
     "strspn* strcspn* strcasecmp* strncasecmp* strim* skip_spaces* strreplace* rep_movs* rep_stos* sort "
     "sort_r* __sort* bsearch*"},
    {"lib/vsprintf, lib/hexdump, kernel/printk", "print what they are given",
     "vsnprintf* vscnprintf* snprintf* scnprintf* sprintf* vsprintf* kasprintf* kvasprintf* va_format* "
     "string "
     "string_nocheck* pointer number put_dec* hex_string* *_addr_string* hex_dump* print_hex* "
     "msg_print_text* printk* _printk* vprintk* console_unlock* console_flush* console_trylock* log_store* "
     "dev_printk* __dev_printk* dev_vprintk* _dev_* netdev_printk* __netdev_printk* netdev_err* netdev_warn* "
     "netdev_info*"},
    {"lib/usercopy, lib/iov_iter, uaccess", "copy where they are told",
     "copy_*_user* _copy_*_user* __copy_*_user* __arch_copy_* arm_copy_* raw_copy_* copy_user_* copyin* "
     "copyout* _copy_to_iter* _copy_from_iter* *copy_to_iter* *copy_from_iter* copy_page_to_iter* "
     "copy_page_from_iter* iterate_iovec* iterate_bvec* iterate_kvec* iterate_and_advance* clear_user* "
     "__clear_user* get_user* __get_user* put_user* __put_user*"},
    {"lib/checksum, lib/crc", "read what they are told",
     "csum_* __csum_* crc16* crc32* __crc32* crc64* crc7* crc8* crc_itu_t* crc_ccitt* crc_t10dif* "
     "crct10dif*"},
    {"port and memory I/O", "reach the device for a driver",
     "logic_in* logic_out* inb inw inl outb outw outl readb readw readl readq writeb writew writel writeq "
     "ioread* iowrite*"},
    {"lists, trees, maps", "walk and change structures of others",
     "list_add* list_del* list_move* list_splice* __list_add* __list_del* __list_splice* hlist_* __hlist_* "
     "plist_* llist_* klist_* rb_erase* rb_insert* rb_next* rb_prev* rb_first* rb_last* rb_replace* __rb_* "
     "rbtree_* rhashtable_* __rhashtable_* rht_* idr_* __idr_* ida_* xas_start* xas_load* xas_find* "
     "xas_descend* xa_load* xa_find*"},

    // Services.
    {"kernel/time/timer", "arm and disarm timers of others",
     "init_timer* timer_setup* __timer_setup* add_timer* mod_timer* __mod_timer* lock_timer_base* "
     "detach_timer* detach_if_pending*"},
    {"kernel/workqueue, kernel/kthread", "queue, flush and run work of others",
     "__init_work* queue_work* __queue_work* queue_delayed_work* __queue_delayed_work* insert_work* "
     "get_work_pool* flush_work* __flush_work* start_flush_work* check_flush_dependency* cancel_work* "
     "cancel_delayed_work* __cancel_work* try_to_grab_pending* drain_workqueue* destroy_workqueue* "
     "process_one_work* worker_thread* kthread kthread_stop*"},
    {"kernel/sched/wait, completion", "wait for, or wake, others",
     "__wake_up* swake_up* autoremove_wake_function* default_wake_function* complete complete_all "
     "complete_with* wait_for_completion* do_wait_for_* __wait_for_*"},
    {"kernel/sched, kernel/rcu", "the caller gives the CPU away, or defers",
     "__schedule schedule preempt_schedule* schedule_preempt* schedule_timeout* schedule_hrtimeout* "
     "_cond_resched* __cond_resched* cond_resched* should_resched* call_rcu* __call_rcu* rcu_read_* "
     "rcu_lock_* rcu_is_* rcu_dynticks_* debug_rcu_*"},
    {"drivers/base", "register and release devices of drivers",
     "device_add* device_del* device_register* device_unregister* device_destroy* device_release* "
     "device_initialize* device_create* put_device* get_device* get_device_parent* platform_device_del* "
     "i2c_del_adapter* hwrng_unregister*"},
    {"drivers/usb/core", "stop requests of drivers", "usb_kill_* usb_poison_* usb_submit_urb*"},
    {"net/core", "room in a packet, and the end of a device",
     "skb_panic* skb_over_panic* skb_under_panic* skb_put* skb_push* skb_pull* __skb_put* __skb_push* "
     "__skb_pull* unregister_netdevice_* rollback_registered*"},
    {"fs/dcache, mm/filemap, mm/truncate", "drop and find objects of a file system",
     "dput fast_dput* unlock_page* folio_unlock* pagecache_get_page* __filemap_get_folio* find_lock_entries* "
     "truncate_inode_pages_range*"},
};

const GlobSet k_glue_set = [] {
  GlobSet set;
  for (const auto& family : k_glue) set.add(family.globs);
  return set;
}();

}  // namespace

bool is_glue(std::string_view function) {
  return k_glue_set.holds(plain_function(function));
}

}  // namespace kverdict
