// Runs the one coroutine of a command to its end, or until Ctrl-C or SIGTERM ends it politely: everything is
// unwound, guests and children included. A second signal does not wait.
#pragma once

#include <boost/asio/io_context.hpp>

#include "runners/host/task.hpp"

namespace kverdict {

// The task's value, or 128 + signal number when it was interrupted. Throws what the task throws.
int run_interruptible(boost::asio::io_context& context, Task<int> task);

}  // namespace kverdict
