// A host's console through its hook, which is started again whenever it ends. The hook's first byte says that
// it is connected; its contract is to end when the connection is lost. What it writes comes through a fifo,
// so that bytes survive its end.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <string>

#include "runners/host/clock.hpp"
#include "runners/host/followed_file.hpp"
#include "runners/host/signal.hpp"
#include "runners/metal/hook.hpp"

namespace kverdict {

class ConsoleLink {
 public:
  // `directory` is the boot's own: the fifos and the hook's log are made there.
  ConsoleLink(boost::asio::any_io_executor executor, Clock& clock, HookPlace place);
  ~ConsoleLink();

  void start();
  // The next bytes; empty: stopped, and all was delivered. One call at a time.
  Task<std::string> next();
  Task<void> connected();
  // Since when the present connection stands; none while there is none.
  std::optional<TimePoint> up_since() const;
  // What the hook said when it last ended.
  std::string last_words() const;
  // Typed on the console; false when nothing can be typed.
  bool type(std::string_view keys);
  // Ends the hook and waits for its end.
  Task<void> stop();

 private:
  struct Shared;
  static Task<void> supervise(std::shared_ptr<Shared> shared);

  // Shared with the coroutine that runs the hook: it outlives this object while it is unwound.
  std::shared_ptr<Shared> shared_;
};

}  // namespace kverdict
