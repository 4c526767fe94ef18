// The servers on the host that a guest's workload talks to, for as long as one boot lasts.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runners/host/clock.hpp"
#include "workloads/workload.hpp"

namespace kverdict {

class HostServers {
 public:
  HostServers(boost::asio::any_io_executor executor, Clock& clock, std::vector<HostServer> servers,
              std::filesystem::path directory);
  ~HostServers();  // kills what still runs

  // Starts them on free ports and writes the ports into the job's arguments in place of the placeholders.
  void start(GuestJob& job);
  Task<void> stop();
  // Why a server ended before stop(); none while all went well.
  std::optional<std::string> failure() const { return shared_->failure; }

 private:
  // Shared with the coroutines that wait for the servers: they outlive this object while it is unwound.
  struct Shared {
    explicit Shared(boost::asio::any_io_executor executor);
    std::size_t alive = 0;
    bool stopping = false;
    boost::asio::steady_timer ended;  // never expires; cancelled when a server ends
    std::optional<std::string> failure;
    std::list<boost::asio::cancellation_signal> cancels;
  };
  static Task<void> serve(std::shared_ptr<Shared> shared, Clock& clock, std::vector<std::string> argv,
                          std::filesystem::path log);
  void kill_all();

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  std::vector<HostServer> servers_;
  std::filesystem::path directory_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace kverdict
