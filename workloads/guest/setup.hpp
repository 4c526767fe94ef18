// The guest's set-up other than the network. What fails here is a note, not the end.
#pragma once

#include <string>

#include "orders.hpp"

namespace kvguest {

// /proc, /sys, /dev, /tmp, /run; device nodes when the kernel has no devtmpfs.
void mount_all();
// GNU build id of the running kernel, lower-case hex; empty when it has none.
std::string build_id();
// The GNU build id in an ELF note section; empty when none is there.
std::string build_id_in(std::string_view notes);
// A word may hold parameters after the path, separated by a space.
void load_module(const std::string& module);
// Writes those whose name starts with `prefix`; one note names the missing ones.
void apply_sysctls(const Orders& orders, std::string_view prefix);
void link_busybox();
// A guest without a hardware source would let the first reader of random numbers wait for a second. Nothing
// here is secret: what is at hand is declared random.
void seed_random(std::string_view token);
// Does not return.
[[noreturn]] void power_off();

}  // namespace kvguest
