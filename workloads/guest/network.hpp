// Brings up the guest's network: lo, near NICs here, far NICs in a second network namespace, so that what
// goes from one end of a wire to the other passes both drivers.
#pragma once

#include <string>

#include "orders.hpp"
#include "sys.hpp"

namespace kvguest {

struct Network {
  Fd peer;            // the peer namespace; none when there are no far NICs
  std::string error;  // not empty: set-up is impossible
};

Network set_up_network(const Orders& orders);

// For the calling process.
bool enter_namespace(const Fd& space);

}  // namespace kvguest
