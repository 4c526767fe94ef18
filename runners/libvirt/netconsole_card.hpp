// Through which card a guest sends its log to us. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "runners/boot.hpp"

namespace kverdict {

struct NetconsoleCard {
  std::size_t index = 0;  // among the machine's cards; behind the last one: a card of its own
  std::string name;       // as the kernel calls it before anybody renames it
  std::string address;    // the guest's, in the user network
};

// The first card of the user network; a machine without one gets a card of its own, behind the others.
NetconsoleCard netconsole_card(const MachineShape& shape);
// The shape with that card in it.
MachineShape with_netconsole_card(MachineShape shape);

std::string mac_of_card(std::size_t index);

// Words for the kernel command line: the target, for kernels that have netconsole built in, and which card it
// is, for a guest that sets the target up itself.
std::string netconsole_words(const BootSpec& spec, std::uint16_t port);

}  // namespace kverdict
