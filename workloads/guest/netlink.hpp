// A route netlink socket of one network namespace: interfaces, addresses, routes. Every change returns an
// errno, 0 = done.
#pragma once

#include <string>

#include "sys.hpp"

namespace kvguest {

class Netlink {
 public:
  // In the namespace the calling process is in at this moment; false when the kernel has no netlink.
  static Netlink open();
  explicit operator bool() const { return requests_ && events_; }

  bool exists(const std::string& name) const;
  bool has_carrier(const std::string& name) const;

  int set_up(const std::string& name);
  // Also when it is up already, as netconsole leaves its card; then it is down for a moment.
  int rename(const std::string& from, const std::string& to);
  int move(const std::string& name, int namespace_fd);
  // "10.0.0.1/24" or "fd00::1/64"; IPv6 without duplicate address detection.
  int add_address(const std::string& name, const std::string& address);
  int add_default_route(const std::string& name, const std::string& gateway);

  // Readable when a link has changed; drain() then forgets what was told.
  int events_fd() const { return events_.get(); }
  void drain();

 private:
  int index_of(const std::string& name) const;
  int set_state(const std::string& name, unsigned flags);
  int rename_down(const std::string& from, const std::string& to);
  int send(std::string message);

  Fd requests_;
  Fd events_;
  unsigned sequence_ = 0;
};

}  // namespace kvguest
