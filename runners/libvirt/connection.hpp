// Every call of libvirt, and the thread of its event loop. Calls run on threads of their own with a deadline;
// what they throw names the host, the call and libvirt's words. One Connection at a time per process
// (libvirt has one event loop).
#pragma once

#include <libvirt/libvirt.h>

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runners/host/clock.hpp"
#include "runners/host/handle.hpp"
#include "runners/host/task.hpp"
#include "runners/libvirt/options.hpp"

namespace kverdict {

using DomainHandle = Handle<virDomain, virDomainFree>;
using ConnectHandle = Handle<virConnect, virConnectClose>;

// One lifecycle event: virDomainEventType and its detail. Type k_connection_lost: the connection broke.
constexpr int k_connection_lost = -1;
struct DomainEvent {
  int type = k_connection_lost;
  int detail = 0;
};

struct OwnedDomain {
  std::string name;
  std::string owner;  // from our metadata
};

// The way from libvirt's threads to the one thread where everything else happens. Closed before that goes.
class Outlet {
 public:
  explicit Outlet(boost::asio::any_io_executor home) : home_(std::move(home)) {}
  void post(std::function<void()> what);
  void close();

 private:
  std::mutex guard_;
  bool open_ = true;
  boost::asio::any_io_executor home_;
};

class Connection {
 public:
  // UsageError when this host cannot do what the URI asks for, naming the package that is missing.
  static Task<std::unique_ptr<Connection>> open(Clock& clock, std::string uri, Millis limit);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& uri() const { return shared_->uri; }

  // Asks the driver about the emulator once: libvirt caches the answer, and the first boot does not wait.
  Task<void> learn_emulator(std::string emulator, std::string machine, std::string type);
  // The domain runs when it returns. Cancelled or past the deadline: it is destroyed when it comes up late.
  Task<void> create(std::string name, std::string xml);
  Task<void> destroy(std::string name);
  // False when the driver cannot do it.
  Task<bool> inject_nmi(std::string name);
  // The guest's memory into a new core file; the guest stands still meanwhile and goes on. False when the
  // driver cannot do it.
  Task<bool> dump_memory(std::string name, std::filesystem::path file);
  // QEMU's own monitor, JSON in and out. InfraError when the driver has none.
  Task<std::string> monitor(std::string name, std::string command);
  // Running domains that carry our metadata.
  Task<std::vector<OwnedDomain>> owned_domains();

  // Events of one domain, on our thread, until unwatch. Watch before create.
  void watch(const std::string& name, std::function<void(DomainEvent)> listener);
  void unwatch(const std::string& name);
  bool is_watched(const std::string& name) const { return listeners_.contains(name); }

  // For destructors: waits for libvirt, up to the limit.
  void destroy_now(const std::string& name, Millis limit);

  // What threads that may outlive us hold on to (hence shared).
  struct Shared {
    Shared() = default;
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared();
    std::string uri;
    ConnectHandle connect;
    int subscription = -1;
    bool watches_close = false;
    std::shared_ptr<void> close_listening;  // what libvirt's close callback is given; shared: hides its type
    std::shared_ptr<Outlet> outlet;
    std::function<void(const std::string&, DomainEvent)> dispatch;  // called on our thread
  };

 private:
  Connection(Clock& clock, Millis limit, std::shared_ptr<Shared> shared);
  template <class F>
  auto call(std::string what, F f) -> Task<decltype(f())>;
  void dispatch(const std::string& name, DomainEvent event);

  Clock& clock_;
  Millis limit_;
  std::shared_ptr<Shared> shared_;
  std::map<std::string, std::function<void(DomainEvent)>> listeners_;
};

}  // namespace kverdict
