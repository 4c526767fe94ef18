#include "runners/host/udp_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/fd.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_largest_datagram = 65536;

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// IPv4 peers of an IPv6 socket show as ::ffff:a.b.c.d: the plain form is the one people write.
std::string text_of(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.any.sa_family == AF_INET)
    ::inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text);
  else
    ::inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text);
  std::string_view plain = text;
  if (plain.starts_with("::ffff:") && plain.find('.') != std::string_view::npos) plain.remove_prefix(7);
  return std::string(plain);
}

[[noreturn]] void throw_bind(const UdpPlace& place, const std::string& why) {
  throw UsageError("UDP port " + std::to_string(place.port) + " of " + place.address + ": " + why);
}

Address address_of(const UdpPlace& place, socklen_t& length) {
  Address address{};
  if (::inet_pton(AF_INET, place.address.c_str(), &address.v4.sin_addr) == 1 && place.address != "0.0.0.0") {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(place.port);
    length = sizeof address.v4;
    return address;
  }
  const auto* wanted = place.address == "0.0.0.0" ? "::" : place.address.c_str();
  if (::inet_pton(AF_INET6, wanted, &address.v6.sin6_addr) != 1) throw_bind(place, "not an address");
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_port = htons(place.port);
  length = sizeof address.v6;
  return address;
}

void set_option(const Fd& fd, int level, int name, int value) {
  ::setsockopt(fd.get(), level, name, &value, sizeof value);  // best effort: all of these have a fallback
}

int bound_socket(const UdpPlace& place) {
  socklen_t length = 0;
  auto address = address_of(place, length);
  Fd fd(::socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd && address.any.sa_family == AF_INET6 && place.address == "0.0.0.0") {  // a host without IPv6
    address = Address{};
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(place.port);
    length = sizeof address.v4;
    fd = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  }
  if (!fd) throw_bind(place, std::strerror(errno));
  set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  set_option(fd, SOL_SOCKET, SO_RCVBUF, place.receive_buffer);
  set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, place.receive_buffer);
  set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  if (::bind(fd.get(), &address.any, length) != 0) throw_bind(place, std::strerror(errno));
  return fd.release();
}

std::uint16_t port_of(int fd) {
  Address address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, &address.any, &length) != 0) return 0;
  return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

}  // namespace

UdpSocket::UdpSocket(boost::asio::any_io_executor executor, const UdpPlace& place)
    : socket_(std::move(executor), bound_socket(place)), buffer_(k_largest_datagram, '\0') {
  port_ = port_of(socket_.native_handle());
}

unsigned UdpSocket::receive(unsigned most, const Take& take) {
  unsigned count = 0;
  while (count < most) {
    Address sender{};
    iovec part{buffer_.data(), buffer_.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(std::uint32_t))];
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == ECONNREFUSED)) continue;
    if (got < 0) break;
    for (auto* note = CMSG_FIRSTHDR(&message); note != nullptr; note = CMSG_NXTHDR(&message, note)) {
      std::uint32_t dropped = 0;
      if (note->cmsg_level != SOL_SOCKET || note->cmsg_type != SO_RXQ_OVFL) continue;
      std::memcpy(&dropped, CMSG_DATA(note), sizeof dropped);
      overflowed_ = dropped;
    }
    ++count;
    take(text_of(sender), std::string_view(buffer_).substr(0, static_cast<std::size_t>(got)));
  }
  return count;
}

void UdpSocket::when_readable(std::function<void()> call) {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [call = std::move(call)](boost::system::error_code error) {
                       if (!error) call();
                     });
}

}  // namespace kverdict
