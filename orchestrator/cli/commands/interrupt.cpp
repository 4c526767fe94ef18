#include "orchestrator/cli/commands/interrupt.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>

namespace kverdict {
namespace asio = boost::asio;

int run_interruptible(asio::io_context& context, Task<int> task) {
  asio::cancellation_signal cancel;
  asio::signal_set signals(context, SIGINT, SIGTERM, SIGHUP);
  int interrupted = 0;
  std::function<void()> listen = [&] {
    signals.async_wait([&](const boost::system::error_code& error, int number) {
      if (error) return;
      if (interrupted != 0) std::_Exit(128 + number);
      interrupted = number;
      cancel.emit(asio::cancellation_type::terminal);
      listen();
    });
  };
  listen();
  int value = 0;
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(task),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown, int result) {
                   failure = thrown;
                   value = result;
                   signals.cancel();
                 }));
  context.run();
  if (interrupted != 0) return 128 + interrupted;
  if (failure) std::rethrow_exception(failure);
  return value;
}

}  // namespace kverdict
