// The kernel's log over the network. Where it goes stands on the kernel's command line, so that a kernel with
// netconsole built in starts by itself:
//
//   netconsole=[+]@ADDRESS/CARD,PORT@HOST/   the kernel's own word
//   kverdict.netcard=MAC                     the card, whatever it is called by now
//
// One that has it as a module, or that found its card too late, is helped.
#pragma once

#include <string>
#include <string_view>

#include "orders.hpp"

namespace kvguest {

bool is_netconsole(const std::string& module);

// After the network is set up. A kernel without netconsole is a fact, not a failure.
void start_netconsole(const Orders& orders);

// What the word means; empty fields when it is none.
struct NetconsoleTarget {
  std::string local, port, host;
  bool extended = false;
};
NetconsoleTarget read_netconsole_word(std::string_view value);

}  // namespace kvguest
