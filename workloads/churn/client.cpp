// The client: keeps `concurrency` connections in work, each of them connect, request and answer (several
// when it is kept alive), close by FIN or RST; counts what goes wrong and how long it takes.
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "workloads/churn/histogram.hpp"
#include "workloads/churn/options.hpp"
#include "workloads/churn/socket.hpp"
#include "workloads/guest/sys.hpp"

namespace kvguest {
namespace {

constexpr long long k_port_pause_us = 10'000;  // no free port: one will come free
constexpr std::size_t k_pattern_turn = 251;

struct Connection {
  enum class State { idle, connecting, asking, closing };
  State state = State::idle;
  Fd fd;
  bool ipv6 = false, by_rst = false;
  int requests_left = 0;
  std::size_t offset = 0, sent = 0, received = 0;  // of the present request
  long long since = 0, deadline = 0;               // of the present state, microseconds
};

struct Counts {
  unsigned long long attempts = 0, completed = 0, ipv6 = 0, requests = 0;
  unsigned long long resets = 0, timeouts = 0, refused = 0, no_port = 0, corrupt = 0, errors = 0;
  unsigned long long failed() const { return resets + timeouts + refused + corrupt + errors; }
};

enum class Reached { yes, no, unsupported };

class Churn {
 public:
  explicit Churn(const ChurnOptions& options);
  int run();

 private:
  bool prepare();
  Reached reach(const Address& address);
  void start_some();
  void start(std::size_t slot);
  void event(std::size_t slot, unsigned events);
  void connected(Connection& c);
  void ask(Connection& c);
  void proceed(Connection& c);
  bool receive(Connection& c);
  void answered(Connection& c);
  void finish(Connection& c);
  void await_close(Connection& c);
  void complete(Connection& c);
  void fail(Connection& c, int error);
  void expire(long long now);
  void watch(Connection& c, unsigned events, int operation);
  bool may_start(long long now);
  void report(double seconds) const;
  int judge(double seconds) const;

  const ChurnOptions& options_;
  std::vector<Address> servers_;
  std::vector<Connection> connections_;
  std::vector<std::size_t> idle_;
  std::string pattern_;
  Fd epoll_;
  Counts counts_;
  Histogram connects_, requests_;
  long long begin_ = 0, pause_until_ = 0;
};

Churn::Churn(const ChurnOptions& options)
    : options_(options), connections_(static_cast<std::size_t>(options.concurrency)) {
  pattern_.resize(static_cast<std::size_t>(options.payload) + k_pattern_turn);
  unsigned state = 1;
  for (auto& c : pattern_) c = static_cast<char>((state = state * 1'103'515'245 + 12'345) >> 16);
  for (std::size_t i = connections_.size(); i-- > 0;) idle_.push_back(i);
}

// One connection before the clock starts: the first packets on a fresh link may take their time.
Reached Churn::reach(const Address& address) {
  int error = ETIMEDOUT;
  auto deadline = now_us() + std::max(options_.timeout_ms, 5000L) * 1000;
  while (now_us() < deadline) {
    Fd fd(open_tcp(address.family()));
    if (!fd && errno == EAFNOSUPPORT) return Reached::unsupported;
    error = connect(fd.get(), address.get(), address.size) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      pollfd wait{fd.get(), POLLOUT, 0};
      if (poll(&wait, 1, static_cast<int>((deadline - now_us()) / 1000) + 1) <= 0) break;
      socklen_t size = sizeof error;
      getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) return Reached::yes;
    poll(nullptr, 0, 20);  // refused or no route yet: bounded by the deadline
  }
  printf("the server is not reached over IPv%d: %s\n", address.family() == AF_INET6 ? 6 : 4, strerror(error));
  return Reached::no;
}

bool Churn::prepare() {
  for (const auto& ip : {options_.ipv4, options_.ipv6}) {
    if (ip.empty()) continue;
    auto address = make_address(ip, options_.port);
    if (address.size == 0) return printf("'%s' is not an IP address\n", ip.c_str()), false;
    auto reached = reach(address);
    if (reached == Reached::no) return false;
    if (reached == Reached::unsupported)
      printf("this kernel has no IPv%d\n", address.family() == AF_INET6 ? 6 : 4);
    else
      servers_.push_back(address);
  }
  return true;
}

void Churn::watch(Connection& c, unsigned events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<std::uint64_t>(&c - connections_.data());
  epoll_ctl(epoll_.get(), operation, c.fd.get(), &event);
}

// The mixed modes take turns by connection number, each at another pace, so that all combinations come.
void Churn::start(std::size_t slot) {
  auto number = counts_.attempts++;
  const auto& server = servers_[number % servers_.size()];
  number /= servers_.size();
  auto& c = connections_[slot];
  bool keep =
      options_.keep_alive == KeepAlive::on || (options_.keep_alive == KeepAlive::mixed && number % 2 == 1);
  c.by_rst = options_.close == CloseBy::rst || (options_.close == CloseBy::mixed && number / 2 % 2 == 1);
  c.ipv6 = server.family() == AF_INET6;
  c.requests_left = keep ? options_.requests : 1;
  c.offset = number % k_pattern_turn;
  c.state = Connection::State::connecting;
  c.since = now_us();
  c.deadline = c.since + options_.timeout_ms * 1000;
  c.fd = Fd(open_tcp(server.family()));
  if (!c.fd) return fail(c, errno);
  set_flag(c.fd.get(), IPPROTO_TCP, TCP_NODELAY);
  if (keep) set_flag(c.fd.get(), SOL_SOCKET, SO_KEEPALIVE);
  if (connect(c.fd.get(), server.get(), server.size) != 0 && errno != EINPROGRESS) return fail(c, errno);
  watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

bool Churn::may_start(long long now) {
  if (now - begin_ >= options_.duration_ms * 1000 || now < pause_until_) return false;
  return options_.rate == 0 ||
         counts_.attempts * 1'000'000.0 < double(options_.rate) * double(now - begin_ + 1000);
}

void Churn::start_some() {
  while (!idle_.empty() && may_start(now_us())) {
    auto slot = idle_.back();
    idle_.pop_back();
    start(slot);
  }
}

void Churn::event(std::size_t slot, unsigned events) {
  auto& c = connections_[slot];
  switch (c.state) {
    case Connection::State::idle:
      return;
    case Connection::State::connecting:
      return connected(c);
    case Connection::State::asking:
      if (events == EPOLLOUT || receive(c)) proceed(c);
      return;
    case Connection::State::closing:
      return await_close(c);
  }
}

void Churn::connected(Connection& c) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(c, error);
  connects_.add(static_cast<std::uint64_t>(now_us() - c.since));
  ask(c);
}

void Churn::ask(Connection& c) {
  c.state = Connection::State::asking;
  c.sent = c.received = 0;
  c.since = now_us();
  c.deadline = c.since + options_.timeout_ms * 1000;
  proceed(c);
}

void Churn::proceed(Connection& c) {
  auto whole = static_cast<std::size_t>(options_.payload);
  if (c.state != Connection::State::asking) return;
  if (c.sent < whole) {
    ssize_t sent = send(c.fd.get(), pattern_.data() + c.offset + c.sent, whole - c.sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail(c, errno);
    if (sent > 0) c.sent += static_cast<std::size_t>(sent);
  }
  watch(c, c.sent < whole ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
}

// False when the state has changed.
bool Churn::receive(Connection& c) {
  char bytes[64 << 10];
  auto missing = static_cast<std::size_t>(options_.payload) - c.received;
  ssize_t got = recv(c.fd.get(), bytes, std::min(missing, sizeof bytes), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) return fail(c, got < 0 ? errno : ENODATA), false;
  auto size = static_cast<std::size_t>(got);
  if (memcmp(bytes, pattern_.data() + c.offset + c.received, size) != 0) return fail(c, EBADMSG), false;
  c.received += size;
  if (size < missing) return true;
  answered(c);
  return false;
}

void Churn::answered(Connection& c) {
  requests_.add(static_cast<std::uint64_t>(now_us() - c.since));
  ++counts_.requests;
  c.offset = (c.offset + 1) % k_pattern_turn;
  if (--c.requests_left > 0) return ask(c);
  finish(c);
}

void Churn::finish(Connection& c) {
  if (c.by_rst) {
    linger abrupt{1, 0};
    setsockopt(c.fd.get(), SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
    return complete(c);
  }
  shutdown(c.fd.get(), SHUT_WR);
  c.state = Connection::State::closing;
  c.deadline = now_us() + options_.timeout_ms * 1000;
  watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

// The server answers our FIN with its own.
void Churn::await_close(Connection& c) {
  char byte = 0;
  ssize_t got = recv(c.fd.get(), &byte, 1, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got == 0) return complete(c);
  fail(c, got < 0 ? errno : EBADMSG);
}

void Churn::complete(Connection& c) {
  ++counts_.completed;
  counts_.ipv6 += c.ipv6;
  c.fd.reset();
  c.state = Connection::State::idle;
  idle_.push_back(static_cast<std::size_t>(&c - connections_.data()));
}

void Churn::fail(Connection& c, int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
      ++counts_.resets;
      break;
    case ETIMEDOUT:
      ++counts_.timeouts;
      break;
    case ECONNREFUSED:
      ++counts_.refused;
      break;
    case EBADMSG:
      ++counts_.corrupt;
      break;
    case EADDRNOTAVAIL:  // all ports wait out their time: no fault of the kernel
      ++counts_.no_port;
      --counts_.attempts;
      pause_until_ = now_us() + k_port_pause_us;
      break;
    default:
      ++counts_.errors;
      break;
  }
  c.fd.reset();
  c.state = Connection::State::idle;
  idle_.push_back(static_cast<std::size_t>(&c - connections_.data()));
}

void Churn::expire(long long now) {
  for (auto& c : connections_)
    if (c.state != Connection::State::idle && now >= c.deadline) fail(c, ETIMEDOUT);
}

void print(const char* name, double value, const char* unit) {
  printf("KVMETRIC %s %.10g %s\n", name, value, unit);
}

void print_latency(const std::string& name, const Histogram& latencies) {
  print((name + "_p50").c_str(), double(latencies.percentile(0.5)) / 1000, "ms");
  print((name + "_p99").c_str(), double(latencies.percentile(0.99)) / 1000, "ms");
  print((name + "_max").c_str(), double(latencies.max()) / 1000, "ms");
}

void Churn::report(double seconds) const {
  print("connections", double(counts_.completed), "1");
  print("connection_rate", double(counts_.completed) / seconds, "1/s");
  print("connections_ipv6", double(counts_.ipv6), "1");
  print("request_rate", double(counts_.requests) / seconds, "1/s");
  print("resets", double(counts_.resets), "1");
  print("timeouts", double(counts_.timeouts), "1");
  print("refused", double(counts_.refused), "1");
  print("corrupt", double(counts_.corrupt), "1");
  print("errors", double(counts_.errors), "1");
  print("out_of_ports", double(counts_.no_port), "1");
  print_latency("connect", connects_);
  print_latency("request", requests_);
}

int Churn::judge(double seconds) const {
  double rate = double(counts_.completed) / seconds;
  double error_rate = counts_.attempts ? double(counts_.failed()) / double(counts_.attempts) : 0;
  double p99 = double(requests_.percentile(0.99)) / 1000;
  int bad = 0;
  if (counts_.corrupt > 0) bad = printf("answers were corrupt\n");
  if (error_rate > options_.max_error_rate)
    bad = printf("error rate %.4g is above %.4g\n", error_rate, options_.max_error_rate);
  if (rate < options_.least_rate)
    bad = printf("%.4g connections/s are below %.4g\n", rate, options_.least_rate);
  if (options_.max_p99_ms > 0 && p99 > double(options_.max_p99_ms))
    bad = printf("request p99 of %.4g ms is above %ld ms\n", p99, options_.max_p99_ms);
  return bad ? 1 : 0;
}

int Churn::run() {
  if (!prepare()) return 1;
  if (servers_.empty()) return 125;
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  begin_ = now_us();
  epoll_event events[256];
  long long next_look = 0;
  for (;;) {
    start_some();
    bool over = now_us() - begin_ >= options_.duration_ms * 1000;
    if (over && idle_.size() == connections_.size()) break;
    int count = epoll_wait(epoll_.get(), events, 256, 5);
    for (int i = 0; i < count; ++i) event(static_cast<std::size_t>(events[i].data.u64), events[i].events);
    if (auto now = now_us(); now >= next_look) {
      expire(now);
      next_look = now + 20'000;
    }
  }
  double seconds = double(now_us() - begin_) / 1e6;
  report(seconds);
  return judge(seconds);
}

}  // namespace

int churn(const ChurnOptions& options) {
  return Churn(options).run();
}

}  // namespace kvguest
