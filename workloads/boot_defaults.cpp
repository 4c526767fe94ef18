#include "workloads/boot_defaults.hpp"

#include <algorithm>
#include <cmath>

namespace kverdict {
namespace {

// Seconds of a detector on this machine, within what the kernel accepts.
std::string seconds(double on_hardware, double time_scale, double least, double most) {
  double scaled = std::isfinite(time_scale) ? on_hardware * time_scale : on_hardware;
  return std::to_string(std::lround(std::clamp(scaled, least, most)));
}

// Soft lockups are reported after twice this; the kernel accepts up to 60.
std::string watchdog_thresh(double scale) {
  return seconds(5, scale, 2, 60);
}

}  // namespace

std::map<std::string, std::string> default_sysctls(double time_scale) {
  return {
      {"kernel.panic_on_oops", "1"},
      {"kernel.softlockup_panic", "1"},
      {"kernel.hung_task_panic", "1"},
      {"kernel.hung_task_timeout_secs", seconds(20, time_scale, 10, 600)},
      {"kernel.panic_on_rcu_stall", "1"},
      {"kernel.unknown_nmi_panic", "1"},
      {"kernel.sysrq", "1"},
      {"kernel.watchdog_thresh", watchdog_thresh(time_scale)},
      // Thousands of short connections a second must not run out of ports.
      {"net.ipv4.ip_local_port_range", "10240 65000"},
      {"net.ipv4.tcp_tw_reuse", "1"},
  };
}

std::string default_cmdline(double time_scale) {
  return "panic=5 oops=panic ignore_loglevel printk.devkmsg=on softlockup_panic=1 hung_task_panic=1"
         " watchdog_thresh=" +
         watchdog_thresh(time_scale) + " rcupdate.rcu_cpu_stall_timeout=" + seconds(21, time_scale, 10, 300) +
         " net.ifnames=0";
}

}  // namespace kverdict
