// Addresses and sockets for both sides of kv-churn.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

namespace kvguest {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;  // 0 = the text was not an address
  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address make_address(const std::string& ip, int port);
int open_tcp(int family);  // non-blocking, close-on-exec; -1: errno says why
void set_flag(int fd, int level, int option, int value = 1);
long long now_us();

}  // namespace kvguest
