#include "netlink.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace kvguest {
namespace {

Fd open_route_socket(unsigned groups) {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (groups ? SOCK_NONBLOCK : 0), NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (fd && bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.reset();
  if (fd && !groups) {
    timeval patience{5, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  return fd;
}

template <class Body>
std::string message(unsigned short type, unsigned flags, const Body& body) {
  nlmsghdr head{};
  head.nlmsg_type = type;
  head.nlmsg_flags = static_cast<unsigned short>(NLM_F_REQUEST | NLM_F_ACK | flags);
  std::string out(reinterpret_cast<const char*>(&head), sizeof head);
  out.append(reinterpret_cast<const char*>(&body), sizeof body);
  out.resize(NLMSG_ALIGN(out.size()));
  return out;
}

void add(std::string& out, unsigned short type, std::string_view value) {
  rtattr attribute{};
  attribute.rta_len = static_cast<unsigned short>(RTA_LENGTH(value.size()));
  attribute.rta_type = type;
  out.append(reinterpret_cast<const char*>(&attribute), sizeof attribute);
  out.append(value);
  out.resize(NLMSG_ALIGN(out.size()));
}

template <class Value>
void add_value(std::string& out, unsigned short type, const Value& value) {
  add(out, type, {reinterpret_cast<const char*>(&value), sizeof value});
}

struct Address {
  int family = AF_UNSPEC;  // AF_UNSPEC = not understood
  std::string bytes;
  int prefix = 0;
};

Address parse(const std::string& text) {
  auto slash = text.find('/');
  auto host = text.substr(0, slash);
  char bytes[16];
  Address out;
  int family = host.find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (inet_pton(family, host.c_str(), bytes) != 1) return out;
  out.family = family;
  out.bytes.assign(bytes, family == AF_INET ? 4 : 16);
  int whole = family == AF_INET ? 32 : 128;
  out.prefix = slash == std::string::npos ? whole : atoi(text.c_str() + slash + 1);
  if (out.prefix < 0 || out.prefix > whole) out.family = AF_UNSPEC;
  return out;
}

ifreq named(const std::string& name) {
  ifreq request{};
  strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  return request;
}

}  // namespace

Netlink Netlink::open() {
  Netlink link;
  link.requests_ = open_route_socket(0);
  link.events_ = open_route_socket(RTMGRP_LINK);
  return link;
}

int Netlink::send(std::string text) {
  nlmsghdr head;
  memcpy(&head, text.data(), sizeof head);
  head.nlmsg_len = static_cast<unsigned>(text.size());
  head.nlmsg_seq = ++sequence_;
  memcpy(text.data(), &head, sizeof head);
  if (::send(requests_.get(), text.data(), text.size(), 0) < 0) return errno;
  char answer[4096];
  for (int tries = 0; tries < 16; ++tries) {
    ssize_t got = recv(requests_.get(), answer, sizeof answer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(int))) return EPROTO;
    memcpy(&head, answer, sizeof head);
    int error = 0;
    memcpy(&error, answer + sizeof head, sizeof error);
    if (head.nlmsg_seq == sequence_ && head.nlmsg_type == NLMSG_ERROR) return -error;
  }
  return EPROTO;
}

// ioctls about devices work on any socket, also in a kernel without IPv4.
int Netlink::index_of(const std::string& name) const {
  ifreq request = named(name);
  return ioctl(requests_.get(), SIOCGIFINDEX, &request) == 0 ? request.ifr_ifindex : 0;
}

bool Netlink::exists(const std::string& name) const {
  return index_of(name) != 0;
}

bool Netlink::has_carrier(const std::string& name) const {
  ifreq request = named(name);
  return ioctl(requests_.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING);
}

int Netlink::set_state(const std::string& name, unsigned flags) {
  ifinfomsg body{};
  body.ifi_index = index_of(name);
  body.ifi_flags = flags;
  body.ifi_change = IFF_UP;
  return body.ifi_index ? send(message(RTM_NEWLINK, 0, body)) : ENODEV;
}

int Netlink::set_up(const std::string& name) {
  return set_state(name, IFF_UP);
}

int Netlink::rename(const std::string& from, const std::string& to) {
  const int error = rename_down(from, to);
  if (error != EBUSY) return error;
  set_state(from, 0);
  const int again = rename_down(from, to);
  set_up(again == 0 ? to : from);
  return again;
}

int Netlink::rename_down(const std::string& from, const std::string& to) {
  ifinfomsg body{};
  body.ifi_index = index_of(from);
  auto text = message(RTM_NEWLINK, 0, body);
  add(text, IFLA_IFNAME, {to.c_str(), to.size() + 1});
  return body.ifi_index ? send(std::move(text)) : ENODEV;
}

int Netlink::move(const std::string& name, int namespace_fd) {
  ifinfomsg body{};
  body.ifi_index = index_of(name);
  auto text = message(RTM_NEWLINK, 0, body);
  add_value(text, IFLA_NET_NS_FD, namespace_fd);
  return body.ifi_index ? send(std::move(text)) : ENODEV;
}

int Netlink::add_address(const std::string& name, const std::string& address) {
  auto parsed = parse(address);
  if (parsed.family == AF_UNSPEC) return EINVAL;
  ifaddrmsg body{};
  body.ifa_family = static_cast<unsigned char>(parsed.family);
  body.ifa_prefixlen = static_cast<unsigned char>(parsed.prefix);
  body.ifa_flags = parsed.family == AF_INET6 ? IFA_F_NODAD : 0;
  body.ifa_index = static_cast<unsigned>(index_of(name));
  auto text = message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body);
  add(text, IFA_LOCAL, parsed.bytes);
  add(text, IFA_ADDRESS, parsed.bytes);
  return body.ifa_index ? send(std::move(text)) : ENODEV;
}

int Netlink::add_default_route(const std::string& name, const std::string& gateway) {
  auto parsed = parse(gateway);
  if (parsed.family == AF_UNSPEC) return EINVAL;
  rtmsg body{};
  body.rtm_family = static_cast<unsigned char>(parsed.family);
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_BOOT;
  body.rtm_scope = RT_SCOPE_UNIVERSE;
  body.rtm_type = RTN_UNICAST;
  int index = index_of(name);
  auto text = message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, body);
  add(text, RTA_GATEWAY, parsed.bytes);
  add_value(text, RTA_OIF, index);
  return index ? send(std::move(text)) : ENODEV;
}

void Netlink::drain() {
  char told[8192];
  for (int i = 0; i < 64 && recv(events_.get(), told, sizeof told, MSG_DONTWAIT) > 0; ++i) continue;
}

}  // namespace kvguest
