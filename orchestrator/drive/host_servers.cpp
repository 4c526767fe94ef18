#include "orchestrator/drive/host_servers.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "runners/error.hpp"
#include "runners/host/child.hpp"
#include "runners/host/files.hpp"

namespace kverdict {
namespace asio = boost::asio;
namespace {

using boost::asio::ip::tcp;

// A port of the loopback that is free now. Another process may take it before the server does; then the
// server says so and the trial is a lab error, asked again with another port.
std::string free_port(const asio::any_io_executor& executor) {
  tcp::acceptor acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  return std::to_string(acceptor.local_endpoint().port());
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

void replace_all(std::vector<std::string>& words, const std::string& what, const std::string& with) {
  for (auto& word : words) replace_all(word, what, with);
}

std::string words_of(const ChildEnd& end) {
  switch (end.how) {
    case ChildEnd::How::exited:
      return "exited with " + std::to_string(end.code);
    case ChildEnd::How::signalled:
      return "died of signal " + std::to_string(end.code);
    case ChildEnd::How::timed_out:
      return "timed out";
  }
  return "ended";
}

}  // namespace

HostServers::Shared::Shared(asio::any_io_executor executor)
    : ended(executor, asio::steady_timer::time_point::max()) {}

HostServers::HostServers(asio::any_io_executor executor, Clock& clock, std::vector<HostServer> servers,
                         std::filesystem::path directory)
    : executor_(executor),
      clock_(clock),
      servers_(std::move(servers)),
      directory_(std::move(directory)),
      shared_(std::make_shared<Shared>(executor)) {}

HostServers::~HostServers() {
  kill_all();
}

void HostServers::kill_all() {
  shared_->stopping = true;
  for (auto& cancel : shared_->cancels) cancel.emit(asio::cancellation_type::terminal);
}

void HostServers::start(GuestJob& job) {
  unsigned number = 0;
  for (const auto& server : servers_) {
    const auto port = free_port(executor_);
    auto argv = server.argv;
    replace_all(argv, server.port_placeholder, port);
    for (auto& step : job.steps) replace_all(step.argv, server.port_placeholder, port);
    auto& cancel = shared_->cancels.emplace_back();
    ++shared_->alive;
    auto log = directory_ / ("server" + std::to_string(++number) + ".log");
    auto slot = cancel.slot();
    asio::co_spawn(executor_, serve(shared_, clock_, std::move(argv), std::move(log)),
                   asio::bind_cancellation_slot(slot, asio::detached));
  }
}

Task<void> HostServers::serve(std::shared_ptr<Shared> shared, Clock& clock, std::vector<std::string> argv,
                              std::filesystem::path log) {
  const auto name = argv.front();
  try {
    Command command;
    command.argv = std::move(argv);
    command.output = log;
    auto child = run_child(clock, std::move(command));
    const auto end = co_await std::move(child);
    if (!shared->stopping)
      shared->failure = "the server " + name + " on the host " + words_of(end) + "; see " + log.string();
  } catch (const InfraError& e) {
    shared->failure = e.what();
  } catch (const UsageError& e) {
    shared->failure = e.what();
  } catch (const boost::system::system_error&) {  // cancelled: stopping
  }
  --shared->alive;
  shared->ended.cancel();
}

Task<void> HostServers::stop() {
  kill_all();
  while (shared_->alive > 0) {
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await shared_->ended.async_wait(token);
  }
}

}  // namespace kverdict
