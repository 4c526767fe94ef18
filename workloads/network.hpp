// The guest's network, derived from the machine's NICs: which addresses, which end of a wire, and how a
// workload reaches its server. Pure.
#pragma once

#include <string>
#include <vector>

#include "runners/boot.hpp"
#include "workloads/job.hpp"

namespace kverdict {

// One GuestNic per NIC of the shape, in its order. User NICs get what the hypervisor's user network expects
// (10.0.2.15/24, gateway 10.0.2.2; fec0::15/64). Wire NICs are paired in order: the first of a pair stays,
// the second is the far end. Throws UsageError for a wire with one end.
std::vector<GuestNic> plan_network(const MachineShape& shape);

// Kernel modules that drive the cards of the shape, where they are not built in.
std::vector<std::string> driver_modules(const MachineShape& shape);

enum class ServerPlace {
  peer,  // in the guest, behind the wire, in the peer namespace
  host,  // on the host, through the user-mode network
};

// Where a workload's server stands and by which addresses the guest reaches it.
struct Route {
  ServerPlace place = ServerPlace::peer;
  std::string ipv4;
  std::string ipv6;
};

// `via`: "auto" (wire when there is one, else user), "wire" or "user". Throws UsageError, naming the
// workload, when the shape has no such NIC.
Route find_route(const MachineShape& shape, const std::string& via, const std::string& workload);

}  // namespace kverdict
