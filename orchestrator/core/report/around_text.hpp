// What was around a failure, for people: the guest's last minute, second by second, and how the host fared.
#pragma once

#include <deque>
#include <string>

#include "orchestrator/core/trial/watch.hpp"
#include "runners/boot.hpp"

namespace kverdict {

// Beside the transcript.
constexpr const char* k_around_file = "around.log";

std::string around_text(const std::deque<Vital>& vitals, const HostPressure& host);

}  // namespace kverdict
