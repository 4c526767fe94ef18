// The echo server. What it receives it sends back; a closed or reset connection is simply gone.
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "workloads/churn/options.hpp"
#include "workloads/churn/socket.hpp"
#include "workloads/guest/sys.hpp"

namespace kvguest {
namespace {

constexpr std::size_t k_buffer = 16 << 10;

struct Client {
  Fd fd;
  std::size_t begin = 0, end = 0;  // what is in the buffer and not yet sent
  bool input_ended = false;
  char buffer[k_buffer];
};

class Server {
 public:
  explicit Server(const ChurnOptions& options) : options_(options) {}
  int run();

 private:
  bool listen_on(const char* ip, int port, bool dual);
  bool open_listeners();
  void accept_all(int listener);
  bool echo(Client& client);  // false: the connection is over
  bool fill(Client& client);
  void watch(int fd, unsigned events, int operation);
  void turn(const epoll_event& event);

  const ChurnOptions& options_;
  Fd epoll_, spare_;
  std::vector<Fd> listeners_;
  std::vector<std::unique_ptr<Client>> clients_;  // by file descriptor
  int port_ = 0;
};

bool Server::listen_on(const char* ip, int port, bool dual) {
  auto address = make_address(ip, port);
  Fd fd(open_tcp(address.family()));
  if (!fd) return false;
  set_flag(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (address.family() == AF_INET6) set_flag(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, dual ? 0 : 1);
  if (bind(fd.get(), address.get(), address.size) != 0 || listen(fd.get(), 4096) != 0) return false;
  socklen_t size = sizeof address.storage;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address.storage), &size);
  port_ = ntohs(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);  // at the same place in both
  watch(fd.get(), EPOLLIN, EPOLL_CTL_ADD);
  listeners_.push_back(std::move(fd));
  return true;
}

bool Server::open_listeners() {
  if (!options_.loopback)
    return listen_on("::", options_.port, true) || listen_on("0.0.0.0", options_.port, false);
  bool four = listen_on("127.0.0.1", options_.port, false);
  bool six = listen_on("::1", four ? port_ : options_.port, false);
  return four || six;
}

void Server::watch(int fd, unsigned events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll_.get(), operation, fd, &event);
}

void Server::accept_all(int listener) {
  for (int i = 0; i < 256; ++i) {
    int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
      // Out of descriptors: turn one away, or the listener would stay readable and we would spin.
      spare_.reset();
      Fd refused(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
      refused.reset();
      spare_ = Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
      return;
    }
    if (fd < 0) return;
    set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
    auto slot = static_cast<std::size_t>(fd);
    if (clients_.size() <= slot) clients_.resize(slot + 1);
    clients_[slot] = std::make_unique<Client>();
    clients_[slot]->fd = Fd(fd);
    watch(fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

bool Server::fill(Client& client) {
  ssize_t got = recv(client.fd.get(), client.buffer, k_buffer, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  client.begin = 0;
  client.end = static_cast<std::size_t>(got);
  client.input_ended = got == 0;
  return true;
}

bool Server::echo(Client& client) {
  for (int turns = 0; turns < 16; ++turns) {
    if (client.begin == client.end) {
      client.begin = client.end = 0;
      if (!fill(client)) return false;
      if (client.begin == client.end) break;
    }
    ssize_t sent =
        send(client.fd.get(), client.buffer + client.begin, client.end - client.begin, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent < 0) break;
    client.begin += static_cast<std::size_t>(sent);
  }
  if (client.input_ended) return false;
  watch(client.fd.get(), client.begin < client.end ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  return true;
}

void Server::turn(const epoll_event& event) {
  for (const auto& listener : listeners_)
    if (listener.get() == event.data.fd) return accept_all(event.data.fd);
  auto& client = clients_[static_cast<std::size_t>(event.data.fd)];
  if (client && !echo(*client)) client.reset();
}

int Server::run() {
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  spare_ = Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!open_listeners()) {
    fprintf(stderr, "kv-churn: cannot listen on port %d: %s\n", options_.port, strerror(errno));
    return 1;
  }
  printf("listening %d\n", port_);
  fflush(stdout);
  epoll_event events[256];
  for (;;) {
    int count = epoll_wait(epoll_.get(), events, 256, -1);
    if (count < 0 && errno != EINTR) return 1;
    for (int i = 0; i < count; ++i) turn(events[i]);
  }
}

}  // namespace

int serve(const ChurnOptions& options) {
  return Server(options).run();
}

}  // namespace kvguest
