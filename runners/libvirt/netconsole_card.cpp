#include "runners/libvirt/netconsole_card.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace kverdict {
namespace {

constexpr const char* k_host = "10.0.2.2";
constexpr unsigned k_first_guest = 15;  // 10.0.2.15

bool is_user(const Nic& nic) {
  return nic.link == NicLink::user;
}

// Drivers that are built in start in the link order of the kernel, which is that of NicModel, and each finds
// its cards in the order of their slots.
std::size_t rank_of(const MachineShape& shape, std::size_t index) {
  const auto before = [&](std::size_t other) {
    const auto model = shape.nics[other].model;
    return model < shape.nics[index].model || (model == shape.nics[index].model && other < index);
  };
  std::size_t rank = 0;
  for (std::size_t other = 0; other < shape.nics.size(); ++other) rank += before(other) ? 1 : 0;
  return rank;
}

// The extended format came with 4.4; an older kernel would take its sign for a port number.
bool knows_extended(const std::string& release) {
  unsigned major = 0, minor = 0;
  const auto* end = release.data() + release.size();
  const auto [dot, error] = std::from_chars(release.data(), end, major);
  if (error != std::errc() || dot == end || *dot != '.') return true;
  std::from_chars(dot + 1, end, minor);
  return major > 4 || (major == 4 && minor >= 4);
}

}  // namespace

// Deterministic, so that a NIC can be recognised whatever order the guest's drivers come in.
std::string mac_of_card(std::size_t index) {
  char text[32];
  std::snprintf(text, sizeof text, "52:54:00:4b:56:%02x", static_cast<unsigned>(index));
  return text;
}

MachineShape with_netconsole_card(MachineShape shape) {
  if (std::none_of(shape.nics.begin(), shape.nics.end(), is_user)) shape.nics.emplace_back();
  return shape;
}

NetconsoleCard netconsole_card(const MachineShape& shape) {
  const auto whole = with_netconsole_card(shape);
  const auto found = std::find_if(whole.nics.begin(), whole.nics.end(), is_user);
  NetconsoleCard card;
  card.index = static_cast<std::size_t>(found - whole.nics.begin());
  card.name = "eth" + std::to_string(rank_of(whole, card.index));
  card.address = "10.0.2." + std::to_string(k_first_guest);
  return card;
}

std::string netconsole_words(const BootSpec& spec, std::uint16_t port) {
  const auto card = netconsole_card(spec.shape);
  return std::string("netconsole=") + (knows_extended(spec.image.release) ? "+" : "") + "@" + card.address +
         "/" + card.name + "," + std::to_string(port) + "@" + k_host +
         "/ kverdict.netcard=" + mac_of_card(card.index);
}

}  // namespace kverdict
