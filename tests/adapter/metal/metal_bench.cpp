#include "tests/adapter/metal/metal_bench.hpp"

#include <sys/stat.h>

#include <boost/asio/ip/tcp.hpp>
#include <stdexcept>

#include "runners/host/files.hpp"

namespace kverdict {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

// Free now; whoever takes it meanwhile makes the test fail by name.
std::string free_port(boost::asio::io_context& context) {
  using boost::asio::ip::tcp;
  tcp::acceptor acceptor(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  return std::to_string(acceptor.local_endpoint().port());
}

}  // namespace

MetalBench::MetalBench(unsigned hosts) {
  options_.state_directory = directory_.path() / "state";
  options_.listen = "127.0.0.1:" + free_port(time_.context());
  for (unsigned number = 1; number <= hosts; ++number) {
    HostSpec host;
    host.name = "fake" + std::to_string(number);
    host.power = host.console = fs::path(KV_TEST_DATA) / "support" / "metal" / "fake-hook";
    host.settings["FAKE_DIR"] = directory(number).string();
    host.settings["FAKE_SERVER"] = options_.listen;
    host.limits.off_time = 10ms;
    host.limits.firmware = 20s;
    host.limits.keep_alive = 100ms;
    options_.hosts.push_back(host);
    make_dirs(directory(number));
    if (::mkfifo((directory(number) / "bell").c_str(), 0600) != 0) throw std::runtime_error("no fifo");
  }
}

MetalBench::~MetalBench() {
  // Machines may be dropped after their runner, and coroutines end in their own time.
  runner_.reset();
  time_.context().restart();
  time_.context().poll();
}

Runner& MetalBench::runner() {
  if (!runner_) open();
  return *runner_;
}

void MetalBench::open() {
  runner_.reset();
  auto opening = MetalRunner::open(time_.clock(), options_);
  runner_ = time_.run(std::move(opening));
}

fs::path MetalBench::directory(unsigned host) const {
  return directory_.path() / ("fake" + std::to_string(host));
}

HostRecord MetalBench::record(unsigned host) const {
  return HostRecord(options_.state_directory / "hosts" / ("fake" + std::to_string(host)));
}

unsigned MetalBench::running() {
  unsigned count = 0;
  for (unsigned host = 1; host <= options_.hosts.size(); ++host)
    if (fs::exists(directory(host) / "power")) ++count;
  return count;
}

BootSpec MetalBench::spec(std::string label, const std::string& kernel) {
  BootSpec boot;
  boot.directory = directory_.path() / label;
  make_dirs(boot.directory);
  boot.label = std::move(label);
  boot.image.kernel = boot.directory / "bzImage";
  boot.initramfs = boot.directory / "initramfs";
  write_file(boot.image.kernel, kernel);
  write_file(boot.initramfs, "initramfs");
  boot.cmdline = "panic=-1 quick";
  return boot;
}

BootSpec MetalBench::cannot_start(std::string label) {
  for (unsigned host = 1; host <= options_.hosts.size(); ++host)
    fault(host, "power-on", "exit:11:no such outlet");
  return spec(std::move(label), "stay\n");
}

void MetalBench::fault(unsigned host, const std::string& verb, const std::string& what) {
  write_file(directory(host) / ("fault-" + verb), what);
}

}  // namespace kverdict
