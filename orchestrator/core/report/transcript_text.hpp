// A transcript as people read it: one line each, with number, host time in seconds, who brought it (serial,
// netconsole, memory), and the level where a channel told it.
//
//      512    3.204 sn1| [    1.874210] BUG: kernel NULL pointer dereference, address: 0000000000000010
//
// Control bytes are shown as \xNN, so that nothing a guest prints acts on the reader's terminal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/core/console/fusion.hpp"
#include "orchestrator/core/console/oops.hpp"
#include "orchestrator/core/console/transcript.hpp"

namespace kverdict {

std::string transcript_text(const Transcript& transcript);

// What each channel brought and lost, one line; empty when serial was alone.
std::string channel_summary(const FusionCounts& fusion, const std::optional<NetconsoleCounts>& netconsole);

// The text with a mark in front of the lines of each oops, and its title above its first line.
std::string mark_oopses(std::string_view text, const std::vector<Oops>& oopses);

// The lines of one oops alone, without numbers: what a mail quotes.
std::string oops_excerpt(std::string_view text, const Oops& oops, std::size_t most_lines);

}  // namespace kverdict
