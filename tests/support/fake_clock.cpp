#include "tests/support/fake_clock.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>

namespace kverdict {

namespace asio = boost::asio;

namespace {

constexpr Millis k_longest_real_wait{60'000};
const TimePoint k_origin{std::chrono::hours(1)};

}  // namespace

std::chrono::system_clock::time_point FakeClock::wall() const {
  const std::chrono::sys_days new_year = std::chrono::year(2026) / 1 / 1;
  auto passed = std::chrono::duration_cast<std::chrono::system_clock::duration>(now_ - k_origin);
  return new_year + passed;
}

Task<void> FakeClock::until(TimePoint when) {
  auto here = co_await asio::this_coro::executor;
  if (when <= now_) co_return;
  Waiter waiter{asio::steady_timer(here, asio::steady_timer::time_point::max())};
  struct Entry {
    std::multimap<TimePoint, Waiter*>& all;
    std::multimap<TimePoint, Waiter*>::iterator place;
    ~Entry() { all.erase(place); }
  } entry{waiters_, waiters_.emplace(when, &waiter)};
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await waiter.timer.async_wait(token);
  if (!waiter.fired) throw boost::system::system_error(asio::error::operation_aborted, "FakeClock::until");
}

// Wakes all that wait for the next point in time.
bool FakeClock::jump() {
  for (const auto& [when, waiter] : waiters_)
    if (waiter->fired) return true;  // on its way
  if (waiters_.empty()) return false;
  now_ = std::max(now_, waiters_.begin()->first);
  auto last = waiters_.upper_bound(now_);
  for (auto each = waiters_.begin(); each != last; ++each) {
    each->second->fired = true;
    each->second->timer.cancel();
  }
  return true;
}

bool FakeClock::wait_for_real_things(Millis how_long) {
  context_.restart();
  return context_.run_one_for(how_long) > 0;
}

void FakeClock::pump(const bool& done) {
  while (!done) {
    context_.restart();
    if (context_.poll() > 0 || done) continue;
    if (!waiters_.empty() && patience_.count() > 0 && wait_for_real_things(patience_)) continue;
    if (jump()) continue;
    if (!wait_for_real_things(k_longest_real_wait))
      throw std::logic_error("FakeClock: the task waits for something that never happens");
  }
}

}  // namespace kverdict
