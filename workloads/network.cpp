#include "workloads/network.hpp"

#include <algorithm>

#include "runners/error.hpp"

namespace kverdict {
namespace {

bool has(const MachineShape& shape, NicLink link) {
  return std::any_of(shape.nics.begin(), shape.nics.end(), [&](const Nic& nic) { return nic.link == link; });
}

GuestNic user_nic(std::string name, unsigned index) {
  auto host_part = std::to_string(15 + index);
  // A second user network has the same addresses on its other side: only the first gets the default route.
  return {std::move(name), "10.0.2." + host_part + "/24", "fec0::" + host_part + "/64",
          index == 0 ? "10.0.2.2" : "", false};
}

GuestNic wire_nic(std::string name, unsigned index) {
  auto pair = std::to_string(index / 2);
  auto end = std::to_string(1 + index % 2);
  return {std::move(name), "10.77." + pair + "." + end + "/24", "fd77:" + pair + "::" + end + "/64", "",
          index % 2 == 1};
}

std::vector<std::string> drivers_of(NicModel model) {
  switch (model) {
    case NicModel::virtio:
      return {"virtio_pci", "virtio_net"};
    case NicModel::e1000:
      return {"e1000"};
    case NicModel::e1000e:
      return {"e1000e"};
    case NicModel::rtl8139:
      return {"8139cp"};
    case NicModel::vmxnet3:
      return {"vmxnet3"};
  }
  return {};
}

}  // namespace

std::vector<std::string> driver_modules(const MachineShape& shape) {
  std::vector<std::string> modules;
  for (const auto& nic : shape.nics)
    for (auto& name : drivers_of(nic.model))
      if (std::find(modules.begin(), modules.end(), name) == modules.end())
        modules.push_back(std::move(name));
  return modules;
}

std::vector<GuestNic> plan_network(const MachineShape& shape) {
  std::vector<GuestNic> out;
  unsigned users = 0, wires = 0;
  for (const auto& nic : shape.nics) {
    auto name = "eth" + std::to_string(out.size());
    out.push_back(nic.link == NicLink::user ? user_nic(name, users++) : wire_nic(name, wires++));
  }
  if (wires % 2 != 0)
    throw UsageError("a wire joins two NICs of one guest, but " + std::to_string(wires) +
                     " NICs have link 'wire': add or remove one");
  return out;
}

Route find_route(const MachineShape& shape, const std::string& via, const std::string& workload) {
  bool wire = has(shape, NicLink::wire), user = has(shape, NicLink::user);
  if (wire && via != "user") return {ServerPlace::peer, "10.77.0.2", "fd77:0::2"};
  if (user && via != "wire") return {ServerPlace::host, "10.0.2.2", "fec0::2"};
  throw UsageError("workload '" + workload + "' needs a network (via = '" + via +
                   "'), and the machine has no " + (via == "auto" ? "" : via + " ") +
                   "NIC: give it a wire of two NICs, or a NIC with link 'user'");
}

}  // namespace kverdict
