#include "runners/libvirt/connection.hpp"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#include <boost/asio/post.hpp>
#include <cstdlib>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/log.hpp"
#include "runners/libvirt/call.hpp"
#include "runners/libvirt/domain_xml.hpp"
#include "runners/libvirt/event_loop.hpp"

namespace kverdict {

namespace {

using Shared = Connection::Shared;

constexpr std::chrono::seconds k_close_limit{5};

void free_text(char* text) {
  std::free(text);
}
using Text = Handle<char, free_text>;

std::string last_words() {
  const char* words = virGetLastErrorMessage();
  return words ? words : "no reason given";
}

int last_code() {
  const virError* error = virGetLastError();
  return error ? error->code : 0;
}

[[noreturn]] void throw_call(const std::string& uri, const std::string& what) {
  throw InfraError(uri + ": " + what + ": " + last_words());
}

// libvirt would print every error; we read them where they happen.
void no_print(void*, virErrorPtr) {}

// What libvirt's callbacks hold: never the last hold on the connection they belong to.
struct Listening {
  std::weak_ptr<Shared> shared;
  std::shared_ptr<Outlet> outlet;  // shared: callbacks may come while the connection goes away
};

void tell(const Listening& listening, std::string name, DomainEvent event) {
  auto deliver = [shared = listening.shared, name = std::move(name), event] {
    auto alive = shared.lock();
    if (alive && alive->dispatch) alive->dispatch(name, event);
  };
  listening.outlet->post(std::move(deliver));
}

int on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
  tell(*static_cast<Listening*>(opaque), virDomainGetName(domain), DomainEvent{event, detail});
  return 0;
}

void on_close(virConnectPtr, int, void* opaque) {
  tell(*static_cast<Listening*>(opaque), "", DomainEvent{});
}

void drop_listening(void* opaque) {
  delete static_cast<Listening*>(opaque);
}

bool driver_is_missing() {
  int code = last_code();
  return code == VIR_ERR_NO_CONNECT || code == VIR_ERR_CONFIG_UNSUPPORTED || code == VIR_ERR_INVALID_CONN;
}

ConnectHandle connect(const std::string& uri) {
  ConnectHandle handle(virConnectOpen(uri.c_str()));
  if (handle) return handle;
  if (driver_is_missing())
    throw UsageError("libvirt has no driver for " + uri + " (" + last_words() +
                     "): install the Debian package libvirt-daemon-driver-qemu, or set another uri");
  if (place_of(uri) == LibvirtPlace::local && last_code() == VIR_ERR_SYSTEM_ERROR)
    throw UsageError("no libvirt daemon answers for " + uri + " (" + last_words() +
                     "): install the Debian package libvirt-daemon-system, or set uri = \"qemu:///embed\"");
  throw_call(uri, "virConnectOpen");
}

void subscribe(const std::shared_ptr<Shared>& shared) {
  virConnectPtr raw = shared->connect.get();
  auto lifecycle = std::make_unique<Listening>(Listening{shared, shared->outlet});
  shared->subscription = virConnectDomainEventRegisterAny(raw, nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                          VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle),
                                                          lifecycle.get(), drop_listening);
  if (shared->subscription < 0) throw_call(shared->uri, "virConnectDomainEventRegisterAny");
  (void)lifecycle.release();  // libvirt's now
  // Drivers that never lose their connection take the callback and forget it: it stays ours to free.
  auto close = std::make_shared<Listening>(Listening{shared, shared->outlet});
  shared->watches_close = virConnectRegisterCloseCallback(raw, on_close, close.get(), nullptr) == 0;
  shared->close_listening = std::move(close);
  virConnectSetKeepAlive(raw, 5, 3);  // only remote drivers have it
}

DomainHandle lookup(const Shared& shared, const std::string& name) {
  DomainHandle domain(virDomainLookupByName(shared.connect.get(), name.c_str()));
  if (!domain) throw_call(shared.uri, "virDomainLookupByName " + name);
  return domain;
}

std::string owner_of(virDomainPtr domain) {
  std::string uri(k_metadata_uri);
  Text text(virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, uri.c_str(), 0));
  std::string xml = text ? text.get() : "";
  std::size_t start = xml.find('>');
  std::size_t end = xml.rfind("</");
  if (start == std::string::npos || end == std::string::npos || end < start) return "";
  return xml.substr(start + 1, end - start - 1);
}

std::vector<OwnedDomain> list_owned(const Shared& shared) {
  virDomainPtr* list = nullptr;
  int count = virConnectListAllDomains(shared.connect.get(), &list, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
  if (count < 0) throw_call(shared.uri, "virConnectListAllDomains");
  std::vector<OwnedDomain> owned;
  for (int i = 0; i < count; ++i) {
    DomainHandle domain(list[i]);
    std::string owner = owner_of(domain.get());
    if (!owner.empty()) owned.push_back({virDomainGetName(domain.get()), owner});
  }
  std::free(list);
  return owned;
}

// A domain that nobody waits for any more must not run on.
class Created {
 public:
  Created(std::shared_ptr<Shared> shared, DomainHandle domain)
      : shared_(std::move(shared)), domain_(std::move(domain)) {}
  Created(Created&&) = default;
  ~Created() {
    if (domain_) virDomainDestroy(domain_.get());
  }
  void keep() { domain_.reset(); }

 private:
  std::shared_ptr<Shared> shared_;
  DomainHandle domain_;
};

}  // namespace

LibvirtPlace place_of(const std::string& uri) {
  if (uri.starts_with("test:")) return LibvirtPlace::test;
  std::size_t scheme = uri.find("://");
  if (scheme == std::string::npos || uri.compare(scheme, 4, ":///") != 0) return LibvirtPlace::remote;
  return uri.starts_with("qemu:///embed") ? LibvirtPlace::embedded : LibvirtPlace::local;
}

void Outlet::post(std::function<void()> what) {
  std::lock_guard lock(guard_);
  if (open_) boost::asio::post(home_, std::move(what));
}

void Outlet::close() {
  std::lock_guard lock(guard_);
  open_ = false;
  home_ = boost::asio::any_io_executor();
}

template <class F>
auto Connection::call(std::string what, F f) -> Task<decltype(f())> {
  return bounded_call(clock_, limit_, shared_->uri + ": " + what, shared_->outlet, std::move(f));
}

Task<std::unique_ptr<Connection>> Connection::open(Clock& clock, std::string uri, Millis limit) {
  static EventLoop loop;  // libvirt's loop is one per process, and must run before the first connection
  virSetErrorFunc(nullptr, no_print);
  auto executor = co_await boost::asio::this_coro::executor;
  auto outlet = std::make_shared<Outlet>(executor);
  struct UnlessOpened {
    std::shared_ptr<Outlet> outlet;  // shared with the thread that may still be connecting
    ~UnlessOpened() {
      if (outlet) outlet->close();
    }
  } closing{outlet};
  auto work = [uri, outlet] {
    auto shared = std::make_shared<Shared>();
    shared->uri = uri;
    shared->outlet = outlet;
    shared->connect = connect(uri);
    subscribe(shared);
    return shared;
  };
  auto opening = bounded_call(clock, limit, uri + ": virConnectOpen", outlet, std::move(work));
  auto shared = co_await std::move(opening);
  closing.outlet.reset();
  co_return std::unique_ptr<Connection>(new Connection(clock, limit, std::move(shared)));
}

Connection::Connection(Clock& clock, Millis limit, std::shared_ptr<Shared> shared)
    : clock_(clock), limit_(limit), shared_(std::move(shared)) {
  shared_->dispatch = [this](const std::string& name, DomainEvent event) { dispatch(name, event); };
}

Connection::Shared::~Shared() {
  if (subscription >= 0) virConnectDomainEventDeregisterAny(connect.get(), subscription);
  if (watches_close) virConnectUnregisterCloseCallback(connect.get(), on_close);
}

// Closing asks the other side, which may be dead: it gets a while.
Connection::~Connection() {
  shared_->dispatch = nullptr;
  shared_->outlet->close();
  std::packaged_task<void()> closing([shared = std::move(shared_)]() mutable { shared.reset(); });
  auto closed = closing.get_future();
  std::thread(std::move(closing)).detach();
  closed.wait_for(k_close_limit);
}

void Connection::destroy_now(const std::string& name, Millis limit) {
  std::packaged_task<void()> destroying([shared = shared_, name] {
    DomainHandle domain(virDomainLookupByName(shared->connect.get(), name.c_str()));
    if (domain) virDomainDestroy(domain.get());
  });
  auto destroyed = destroying.get_future();
  std::thread(std::move(destroying)).detach();
  if (destroyed.wait_for(limit) != std::future_status::ready)
    log_error(shared_->uri + ": virDomainDestroy " + name + ": no answer");
}

void Connection::dispatch(const std::string& name, DomainEvent event) {
  auto listeners = listeners_;  // a listener may unwatch
  for (auto& [watched, listener] : listeners)
    if (watched == name || event.type == k_connection_lost) listener(event);
}

void Connection::watch(const std::string& name, std::function<void(DomainEvent)> listener) {
  listeners_[name] = std::move(listener);
}

void Connection::unwatch(const std::string& name) {
  listeners_.erase(name);
}

Task<void> Connection::learn_emulator(std::string emulator, std::string machine, std::string type) {
  auto work = [shared = shared_, emulator, machine, type] {
    Text answer(virConnectGetDomainCapabilities(shared->connect.get(),
                                                emulator.empty() ? nullptr : emulator.c_str(), "x86_64",
                                                machine.c_str(), type.c_str(), 0));
    if (!answer) throw_call(shared->uri, "virConnectGetDomainCapabilities");
  };
  auto calling = call("virConnectGetDomainCapabilities", std::move(work));
  co_await std::move(calling);
}

Task<void> Connection::create(std::string name, std::string xml) {
  auto work = [shared = shared_, name, xml] {
    DomainHandle domain(virDomainCreateXML(shared->connect.get(), xml.c_str(), 0));
    if (!domain) throw_call(shared->uri, "virDomainCreateXML " + name);
    return std::make_unique<Created>(shared, std::move(domain));
  };
  auto calling = call("virDomainCreateXML " + name, std::move(work));
  auto created = co_await std::move(calling);
  created->keep();
}

Task<void> Connection::destroy(std::string name) {
  auto work = [shared = shared_, name] {
    DomainHandle domain = lookup(*shared, name);
    // A guest that ended by itself in the meantime is as gone as we want it.
    if (virDomainDestroy(domain.get()) != 0 && last_code() != VIR_ERR_NO_DOMAIN &&
        last_code() != VIR_ERR_OPERATION_INVALID)
      throw_call(shared->uri, "virDomainDestroy " + name);
  };
  auto calling = call("virDomainDestroy " + name, std::move(work));
  co_await std::move(calling);
}

Task<bool> Connection::inject_nmi(std::string name) {
  auto work = [shared = shared_, name] {
    DomainHandle domain = lookup(*shared, name);
    if (virDomainInjectNMI(domain.get(), 0) == 0) return true;
    if (last_code() == VIR_ERR_NO_SUPPORT) return false;
    throw_call(shared->uri, "virDomainInjectNMI " + name);
  };
  auto calling = call("virDomainInjectNMI " + name, std::move(work));
  co_return co_await std::move(calling);
}

Task<bool> Connection::dump_memory(std::string name, std::filesystem::path file) {
  auto work = [shared = shared_, name, file] {
    DomainHandle domain = lookup(*shared, name);
    if (virDomainCoreDumpWithFormat(domain.get(), file.c_str(), VIR_DOMAIN_CORE_DUMP_FORMAT_RAW,
                                    VIR_DUMP_MEMORY_ONLY) == 0)
      return true;
    if (last_code() == VIR_ERR_NO_SUPPORT || last_code() == VIR_ERR_OPERATION_INVALID) return false;
    throw_call(shared->uri, "virDomainCoreDumpWithFormat " + name);
  };
  auto calling = call("virDomainCoreDumpWithFormat " + name, std::move(work));
  co_return co_await std::move(calling);
}

Task<std::string> Connection::monitor(std::string name, std::string command) {
  auto work = [shared = shared_, name, command] {
    DomainHandle domain = lookup(*shared, name);
    Text answer;
    if (virDomainQemuMonitorCommand(domain.get(), command.c_str(), answer.out(), 0) != 0)
      throw_call(shared->uri, "virDomainQemuMonitorCommand " + name);
    return std::string(answer.get());
  };
  auto calling = call("virDomainQemuMonitorCommand " + name, std::move(work));
  co_return co_await std::move(calling);
}

Task<std::vector<OwnedDomain>> Connection::owned_domains() {
  auto work = [shared = shared_] { return list_owned(*shared); };
  auto calling = call("virConnectListAllDomains", std::move(work));
  co_return co_await std::move(calling);
}

}  // namespace kverdict
