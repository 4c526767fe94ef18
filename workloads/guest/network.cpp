#include "network.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <algorithm>

#include "netlink.hpp"
#include "say.hpp"
#include "setup.hpp"

namespace kvguest {
namespace {

constexpr long k_appear_ms = 3'000;  // a driver that was just loaded may take a moment to find its NICs
constexpr long k_carrier_ms = 10'000;

struct Space {
  Fd fd;
  Netlink link;
};

Fd current_space() {
  return Fd(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
}

// A namespace that lives until power-off, like those of `ip netns`. If it ended with its last process, its
// NICs would be moved while the kernel shuts devices down, which drivers do not survive without a warning.
Fd lasting_space() {
  constexpr const char* k_place = "/run/kv-peer";
  Fd place(open(k_place, O_RDONLY | O_CREAT | O_CLOEXEC, 0444));
  mount("/proc/self/ns/net", k_place, nullptr, MS_BIND, nullptr);
  return current_space();
}

// A new namespace, with the caller back in its old one.
bool make_peer(Space& peer) {
  Fd own = current_space();
  if (!own || unshare(CLONE_NEWNET) != 0) return false;
  peer.fd = lasting_space();
  peer.link = Netlink::open();
  return enter_namespace(own) && peer.fd && peer.link;
}

struct FoundNic {
  std::string name, mac, place;
};

std::vector<FoundNic> find_nics() {
  std::vector<FoundNic> out;
  for (const auto& name : list_folder("/sys/class/net")) {
    auto folder = "/sys/class/net/" + name;
    char* place = realpath((folder + "/device").c_str(), nullptr);
    if (!place) continue;  // lo, bridges, tunnels
    out.push_back({name, read_file(folder + "/address", 32), place});
    free(place);
  }
  return out;
}

// The order the machine means: by MAC address where QEMU's scheme (or our runner's) counts it up, else by
// place on the bus. Drivers register in link order of the kernel, which is another one when models are mixed.
void sort_nics(std::vector<FoundNic>& nics) {
  bool counted = std::all_of(nics.begin(), nics.end(), [](const FoundNic& nic) {
    return nic.mac.starts_with("52:54:00:12:34:") || nic.mac.starts_with("52:54:00:4b:56:");
  });
  std::sort(nics.begin(), nics.end(), [&](const FoundNic& a, const FoundNic& b) {
    return counted && a.mac != b.mac ? a.mac < b.mac : a.place < b.place;
  });
}

std::vector<FoundNic> wait_for_nics(Netlink& link, std::size_t wanted) {
  for (Deadline deadline(k_appear_ms);;) {
    auto nics = find_nics();
    if (nics.size() >= wanted || deadline.passed()) return nics;
    pollfd wait{link.events_fd(), POLLIN, 0};
    // Bounded turns: an event may have come before the list was read.
    poll(&wait, 1, static_cast<int>(std::min(deadline.left(), 200L)));
    link.drain();
  }
}

std::string name_nics(Netlink& link, const std::vector<Nic>& wanted) {
  auto nics = wait_for_nics(link, wanted.size());
  if (nics.size() < wanted.size())
    return "the kernel shows " + std::to_string(nics.size()) + " of " + std::to_string(wanted.size()) +
           " NICs: its configuration lacks a driver, or the machine lacks a NIC";
  sort_nics(nics);
  bool right = true;
  for (std::size_t i = 0; i < wanted.size(); ++i) right = right && nics[i].name == wanted[i].name;
  if (right) return "";
  for (std::size_t i = 0; i < nics.size(); ++i) link.rename(nics[i].name, "kv" + std::to_string(i));
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (int error = link.rename("kv" + std::to_string(i), wanted[i].name))
      return "renaming a NIC to " + wanted[i].name + ": " + error_text(error);
  return "";
}

void remark(const std::string& what, int error) {
  if (error != 0) note(what + ": " + error_text(error));
}

void configure(Netlink& link, const Nic& nic) {
  if (!nic.ipv4.empty()) remark(nic.name + " address " + nic.ipv4, link.add_address(nic.name, nic.ipv4));
  // A kernel without IPv6 is a fact, said once elsewhere.
  if (!nic.ipv6.empty() && exists("/proc/sys/net/ipv6"))
    remark(nic.name + " address " + nic.ipv6, link.add_address(nic.name, nic.ipv6));
}

void add_gateway(Netlink& link, const Nic& nic) {
  if (nic.gateway.empty()) return;
  remark(nic.name + " gateway " + nic.gateway, link.add_default_route(nic.name, nic.gateway));
}

// All NICs at once: a negotiating link takes seconds.
void wait_for_carrier(const std::vector<Nic>& nics, Space& near, Space& peer) {
  for (Deadline deadline(k_carrier_ms);;) {
    std::string missing;
    for (const auto& nic : nics)
      if (!(nic.far_end ? peer : near).link.has_carrier(nic.name)) missing += " " + nic.name;
    if (missing.empty()) return;
    if (deadline.passed()) return note("no link after " + std::to_string(k_carrier_ms) + " ms:" + missing);
    pollfd waits[2] = {{near.link.events_fd(), POLLIN, 0}, {peer.link.events_fd(), POLLIN, 0}};
    poll(waits, 2, static_cast<int>(std::min(deadline.left(), 500L)));
    near.link.drain();
    if (peer.link) peer.link.drain();
  }
}

// Addresses first, then up: QEMU's e1000 holds received frames back for a second after each change of its
// filter, and joining multicast groups one by one would prolong that.
void set_up_nics(const Orders& orders, Space& near, Space& peer) {
  for (const auto& nic : orders.nics) {
    auto& link = (nic.far_end ? peer : near).link;
    configure(link, nic);
    remark(nic.name + " up", link.set_up(nic.name));
  }
  for (const auto& nic : orders.nics) add_gateway((nic.far_end ? peer : near).link, nic);
  wait_for_carrier(orders.nics, near, peer);
}

// In both namespaces: many of the network's sysctls are per namespace.
void apply_network_sysctls(const Orders& orders, const Space& near, const Space& peer) {
  apply_sysctls(orders, "net.");
  if (!peer.fd || !enter_namespace(peer.fd)) return;
  apply_sysctls(orders, "net.");
  enter_namespace(near.fd);
}

}  // namespace

bool enter_namespace(const Fd& space) {
  return setns(space.get(), CLONE_NEWNET) == 0;
}

Network set_up_network(const Orders& orders) {
  Network network;
  Space near{current_space(), Netlink::open()}, peer;
  if (!near.link) {
    if (!orders.nics.empty()) network.error = "the kernel has no network: " + error_text(errno);
    return network;
  }
  remark("lo", near.link.set_up("lo"));
  network.error = name_nics(near.link, orders.nics);
  bool far = std::any_of(orders.nics.begin(), orders.nics.end(), [](const Nic& nic) { return nic.far_end; });
  if (network.error.empty() && far && !make_peer(peer))
    network.error = "no second network namespace (CONFIG_NET_NS): " + error_text(errno);
  if (!network.error.empty()) return network;
  if (far) remark("lo of the peer", peer.link.set_up("lo"));
  apply_network_sysctls(orders, near, peer);
  for (const auto& nic : orders.nics)
    if (nic.far_end) remark(nic.name + " to the peer", near.link.move(nic.name, peer.fd.get()));
  if (!orders.nics.empty() && !exists("/proc/sys/net/ipv6")) note("this kernel has no IPv6");
  set_up_nics(orders, near, peer);
  network.peer = std::move(peer.fd);
  return network;
}

}  // namespace kvguest
