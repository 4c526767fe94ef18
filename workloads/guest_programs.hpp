// Where our static guest programs lie on the host: the build tree's guest/, or libexec/kverdict once
// installed.
#pragma once

#include <filesystem>

namespace kverdict {

struct GuestPrograms {
  std::filesystem::path init;  // process 1 of the initramfs, goes to /init
  std::filesystem::path churn;
  std::filesystem::path iperf;
};

// Looks in $KVERDICT_LIBEXEC if set, else beside and above our own executable. Throws UsageError that names
// the places when they are not there.
GuestPrograms find_guest_programs();

// The search itself: `override` empty = none, `self` = our executable.
GuestPrograms find_guest_programs(const std::filesystem::path& override, const std::filesystem::path& self);

}  // namespace kverdict
