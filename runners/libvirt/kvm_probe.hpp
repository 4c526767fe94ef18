// Does hardware acceleration really run guests? /dev/kvm that opens, and libvirt that offers it, do not say
// so: a tiny guest is booted once per boot of the host.
#pragma once

#include <filesystem>
#include <string>

#include "runners/host/clock.hpp"
#include "runners/host/task.hpp"

namespace kverdict {

// The answer is kept in the state directory.
Task<bool> guests_run_with_kvm(Clock& clock, std::string emulator, std::filesystem::path state_directory);

}  // namespace kverdict
