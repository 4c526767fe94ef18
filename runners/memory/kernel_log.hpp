// The kernel's log (printk's ring buffer) out of a guest's memory: what no console can lose. x86_64, kernels
// from 5.10 on that describe themselves in VMCOREINFO; no symbols needed. Pure, and the memory is not
// believed.
//
// VMCOREINFO is a page of text in the kernel's memory (CONFIG_CRASH_CORE, which /proc/kcore and kdump
// select). QEMU's vmcoreinfo device would put it into a note; without one it is found by looking at each
// page.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "runners/memory/core_file.hpp"

namespace kverdict {

struct KernelLog {
  std::string lines;  // as netconsole's extended format writes them, oldest first
  std::size_t records = 0;
  std::string release;  // of the kernel whose memory it is
};

// A text: why there is none.
std::variant<KernelLog, std::string> read_kernel_log(const CoreFile& core);

}  // namespace kverdict
